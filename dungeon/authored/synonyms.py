"""What the choices of stories are about: classes of things and people, of manners and qualities, and opposites.

The form is that of `dungeon.authored.deeds`. `OPPOSITES` are pairs of classes, each named by its first word; a word
that names no class stands for itself.

Limits: English. The words of a class mean nearly the same only in a place where the author names one such thing.
"""

THINGS = """
    man fellow guy chap bloke gentleman stranger mister sir lad gent; men fellow guy boys lads gentlemen rider
    riders soldiers crew; woman lady dame miss madam madame mistress ma'am widow girl dona missus; girl lass maiden
    daughter child young_lady maid miss; boy lad kid son child youngster youth; child kid little_one youngster
    infant baby boy girl tot; baby infant newborn; children kids little_ones pupils youngsters; people folk everyone
    everybody crowd all_of_you townsfolk villagers all public folks neighbours; crowd mob people audience throng;
    everyone everybody all each the_lot every_one; somebody someone anybody anyone; nobody no_one none; friend pal
    mate buddy companion comrade; enemy foe rival opponent; mother mum mom mama mummy ma mommy; father dad papa
    daddy pa; parents mother father folks; grandmother grandma granny gran nana; grandfather grandpa granddad
    grandad gramps old_man; brother bro sibling; sister sis sibling; uncle aunt auntie relative; aunt auntie;
    husband man spouse; wife spouse bride; bride wife; son boy child; daughter girl child; family relatives kin
    folks; twins twin; king ruler majesty sovereign sire; queen ruler majesty sovereign highness emira empress lady;
    prince highness lord; lord sir master ruler highness nobleman count baron duke; ruler king queen chief lord
    emira emperor majesty highness sultan khan; captain skipper commander chief officer cap; commander captain
    general colonel officer marshal chief; soldier guard trooper warrior sentry private; guard sentry watchman
    warder sentinel keeper; officer inspector policeman constable; police policeman cop constable officer inspector
    sheriff marshal; judge magistrate justice court; court trial hearing courtroom judge; thief robber burglar crook
    bandit; priest father padre vicar monk parson reverend; doctor physician surgeon healer medic doc; teacher
    professor master tutor schoolmaster; professor prof scholar teacher doctor; student pupil learner apprentice;
    mayor alderman; clerk official secretary; master boss chief employer; boss chief manager master foreman; servant
    maid butler; landlord innkeeper host owner; guest visitor caller; host landlord; owner proprietor; driver
    chauffeur coachman; pilot helmsman steersman navigator; sailor seaman mariner crew deckhand sailors; crew
    sailors men hands team; cook chef; baker; barber hairdresser; merchant trader dealer seller shopkeeper vendor;
    farmer peasant; shepherd herdsman herder; miner collier; musician player drummer; singer voice choir; drummer
    drum; witch sorceress hag; wizard mage sorcerer magician; ghost spirit spectre phantom spook; monster beast
    creature; creature animal beast thing; prisoner captive; neighbour neighbor; witness; widow widower; overseer
    foreman boss; ferryman boatman; notary lawyer; expert specialist; winner champion; one person guy fellow man
    woman somebody; person man woman one somebody human; nephew relative; nobleman lord; old_man grandfather
    old_fellow elder; old_woman grandmother crone old_lady hag; stranger man; boys lads men; girls women; sir madam;
    tenant lodger renter; foreigner stranger; dancer; hunter huntsman; conductor guard; postman mailman; lawyer
    advocate; nurse doctor; brother bro sibling twin; sister sis sibling twin; guest visitor company caller
    stranger; bride newlywed; wife missus spouse better_half; mayor town_head alderman; player players musician
    chess_player; nephew niece relation; tenant lodger; clerk official scribe teller; prisoner captive inmate
    convict; notary scribe; baker bread_maker; prince royal heir; landlady landlord; helper assistant apprentice;
    boss chief manager head; old_man old_fellow old_guy old_chap old_boy; young_man lad youth; young_woman girl
    lass; little_girl girl child; little_boy boy child; gang crew band bunch; traveler traveller wanderer; villain
    rogue scoundrel; spy agent; miner digger; hero champion; fool idiot; poet bard; nun sister; peddler hawker
    vendor; newcomer new_one;

    dog hound puppy mutt pup; cat kitty puss kitten; horse mare stallion pony steed nag colt foal mount; donkey mule
    ass burro; cow cattle ox bull calf herd; goat kid nanny; sheep ewe lamb ram; pig hog swine sow; hen chicken
    rooster cock fowl; bird fowl; duck goose; wolf wolves; lion tiger; mouse rat; rat mouse; fish carp; bee bees
    hive swarm; ant ants insect; snake serpent; dragon; bear; camel; elephant; frog toad; giraffe; herd flock drove;
    fox vixen; shark fish; whale; monkey ape; insect bug fly ant flea bee; canary bird; parrot bird; pigeon bird
    dove; crow raven bird; owl bird; fly insect; animal beast creature horse dog cat cow goat donkey mule sheep
    camel llama; horse animal; llama animal; mule animal; dragon beast wyrm; gnome dwarf; rooster cock cockerel;
    pony horse; cattle herd cows;

    house home cottage dwelling place hut; home house; hut cabin shack shed; castle fort palace keep fortress;
    church chapel temple steeple cathedral; steeple church spire; temple shrine church; tower turret spire; room
    chamber parlour; hall chamber corridor lobby; kitchen galley; bedroom; cellar basement vault; attic loft garret;
    door doorway entrance gate; gate entrance gateway portal; entrance way_in door gate mouth opening; exit way_out
    door; window pane; wall; floor ground; ground earth floor soil; earth soil dirt ground; roof rooftop; stairs
    stair staircase steps stairway; step stair pace; ladder rungs; bridge; street road lane alley avenue; road way
    path route track highway lane street trail; path trail track way; way route road path; tunnel shaft passage;
    hole pit gap opening; crack gap split cleft; cave cavern grotto; mine pit shaft; mill windmill; windmill mill;
    shop store stall market; market bazaar stalls; stall booth stand shop; inn tavern pub bar; school classroom;
    hospital clinic; jail prison cell gaol; station depot stop; station depot platform; station plant works; office
    desk bureau; library archive; archive library records; harbor harbour port dock quay pier; shore beach coast
    bank sand strand; bank shore riverside; sea ocean water waves deep; river stream creek brook water; spring
    source well fountain; well spring fountain; lake pond pool mere; pool pond bath; island isle; mountain hill peak
    mount; hill slope mound rise; top summit peak crest; valley dale gorge; gorge canyon ravine; desert sand dunes;
    dune sand; forest wood woods trees; tree trunk branch; branch bough limb; root roots; field meadow pasture;
    garden yard park; yard courtyard garden; village town hamlet settlement; city town; camp tents bivouac; tent
    camp; place spot location; edge rim brink; corner bend; middle centre center; end finish; country land nation;
    world earth globe; north south; hideout hiding_place; barn stable shed; stable stall barn; bakery baker; bin
    can; fence hedge railing; rail railing banister; banister rail handrail; hedge bush; bush shrub; ditch trench;
    dike dam levee; cliff precipice bluff; ledge shelf; reef rocks; warehouse storehouse shed depot; wheelhouse
    bridge; deck; gallows noose; coffin casket; grave tomb; museum gallery; pharmacy chemist; hall room; square
    plaza; border frontier; above over; wall walls brickwork; window windows pane windowsill sill; bridge footbridge
    span; roof rooftop ceiling attic; kitchen cookhouse; tower belfry lookout; tower bell_tower; camp campsite
    encampment base; tent canvas; field meadow pasture farmland; office bureau workplace study; island isle atoll;
    square plaza marketplace; city town metropolis; attic loft top_floor; cellar basement down_below; fence railing
    paling; bottom floor depths; top roof; corner nook; valley dale hollow; mill millhouse; factory works plant
    mill; bakery bread_shop; washroom bathroom toilet lavatory; lobby hall foyer entrance; cemetery graveyard
    churchyard; quay wharf jetty pier landing; landing quay pier; pump well; oasis spring well; bed_of_river
    riverbed; crossing ford ferry; rock_face cliff; hilltop summit; front_door door; back_door door; keyhole lock
    hole; north up;

    boat ship vessel craft skiff dinghy ferry raft; ship boat vessel; ferry boat; raft float; car automobile motor
    vehicle; truck lorry van wagon; cart wagon carriage coach; bus coach; train locomotive engine carriage; engine
    motor machine; machine device engine contraption; wheel helm tiller; helm wheel tiller rudder; oar paddle; sail
    sails canvas; anchor; cable_car lift gondola; bicycle bike; lift elevator; tram streetcar; lifeboat boat;
    steamer steamship ship; gunboat ship; boiler engine; turbine engine; cargo freight load goods; bus coach
    omnibus; ferry ferryboat boat; raft rafts; tram streetcar trolley; sledge sled sleigh; saddle seat; carriage
    coach wagon;

    gun pistol revolver rifle shotgun weapon; weapon gun sword knife; knife dagger blade; sword blade sabre saber;
    axe ax hatchet; hammer mallet; spear lance; bow arrow; powder gunpowder explosive; bomb explosive; stick staff
    cane crutch pole rod walking_stick; pole stick staff rod; rope cord line cable string; string thread cord twine;
    thread yarn string; wool yarn fleece; chain chains links; net; ladder; lamp lantern light torch; lantern lamp
    light; light lamp glow shine; torch flashlight lamp; candle taper; match matches; fire blaze flame flames fires;
    flame fire; smoke fumes; key keys; lock padlock; box chest crate case trunk carton; chest box trunk; bag sack
    purse pouch; sack bag; basket hamper; suitcase case luggage bag; barrel cask keg; bottle flask; jar pot; pot pan
    kettle jug; kettle teapot; cup mug glass; glass cup mirror pane; bowl dish; plate dish; spoon ladle; bucket
    pail; tub basin bath; mirror glass looking_glass; reflection mirror_image; picture painting portrait drawing;
    painting picture portrait; photograph photo picture snapshot; camera; statue figure sculpture; doll puppet; toy
    plaything; book volume tome; page leaf sheet; letter note message mail; note message letter; message note word;
    envelope letter; paper document sheet page; contract agreement deal paper terms document; agreement contract
    deal terms; document paper contract; list register; ledger book register; map chart; card cards; newspaper
    paper; ticket pass; stamp seal; seal stamp; sign signal mark; pen pencil quill; ink; address; money coins gold
    cash coin silver pesos; coin coins money penny; gold treasure; treasure gold jewels riches; price cost fee; debt
    bill; bill receipt account; gift present; present gift; prize reward; reward prize; ring; necklace chain beads;
    crown; hat cap bonnet headgear; coat jacket cloak overcoat; dress gown frock; shirt blouse; trousers pants; shoe
    boot shoes boots sandal; boots shoes; sock socks stocking; glove gloves; apron pinafore; scarf shawl; blanket
    cover quilt rug; cloth rag towel fabric; rag cloth; carpet rug mat; rug carpet; pocket; sleeve; bed bunk cot
    berth; chair seat stool bench; table desk; desk table; cushion pillow; pillow cushion; curtain drape; cupboard
    wardrobe closet; wardrobe cupboard closet; drawer; shelf; stove oven hearth; oven stove; clock watch timepiece;
    bell bells chime; drum drums; piano keyboard; violin fiddle; flute pipe whistle; horn trumpet; trumpet horn
    bugle; song tune hymn melody air lullaby anthem; tune melody song; hymn song hymn_book psalm; music tune song;
    verse line stanza poem; word words; words speech lyrics what_it_says; name; story tale; tale story; truth truths
    fact honesty; lie lies falsehood; secret secrets; question questions; answer reply; joke jest; news tidings;
    idea plan thought; plan scheme idea; advice counsel tips; reason why cause; proof evidence; evidence proof;
    mistake error; trouble problem; problem trouble; rule law rules; law rule; crime offence; job work post position
    employment; work job; game match play; speech talk; voice voices; sound noise; noise sound din racket hum;
    humming hum drone noise; silence quiet; food meal grub something_to_eat; meal dinner supper lunch breakfast;
    supper dinner meal; breakfast meal; bread loaf crust; cake pastry; biscuit cookie; cheese; meat ham sausage;
    soup broth stew; egg eggs; apple fruit; fruit fig apple; bean beans; nut nuts kernel; fig figs; seed seeds;
    salt; sugar sweets; milk; tea; coffee; beer ale; wine; water; oil; medicine cure remedy; wound cut injury gash;
    cut wound gash; pain hurt ache; blood; stone rock pebble boulder; rock stone boulder; ice frost; snow snowball
    snowballs; snowball snowballs ball_of_snow; rain shower; wind breeze gale; storm tempest; fog mist; cloud
    clouds; sky heaven air heavens; sun sunshine sunlight; moon; star stars; dust dirt; mud dirt clay; sand; gold;
    iron metal; wood timber; coal; straw hay; hay straw; grass lawn; flower blossom; flag banner; rag duster; brush
    broom; broom brush; tool tools; wrench spanner; shovel spade; crowbar lever bar; lever handle; handle knob;
    button; switch; pipe tube; valve tap; plug stopper cork; cork stopper; lid cover top; hatch trapdoor; wire
    cable; telephone phone; radio wireless; mask disguise; shade shadow; shadow shade; shape form; colour color;
    number figure numeral; thing object item; piece bit part; half halves; pair couple set; rest remainder others;
    others rest; tool hammer wrench crowbar spanner saw; noose rope; suit clothes outfit costume; clothes suit dress
    coat outfit costume clothing; costume disguise outfit clothes; umbrella parasol; cigarette smoke cigar fag;
    cigar cigarette; tin can; scissors shears; needle pin; ribbon band; belt strap; strap belt; collar; compass;
    tablet slate; screen; film movie reel; movie film; reel spool; postcard card; copy duplicate; newspaper paper
    news; plank board; board plank; chalk; ash ashes; wax; lump piece chunk; piece lump chunk slice; slice piece;
    slot opening slit; keyhole lock; trunk chest; weapon axe spear club; dye colour paint; feather plume; fur pelt
    hide; leather hide; silk cloth; pearl jewel; jewel gem pearl; drink beer wine rum brandy whisky whiskey glass;
    food bread cheese meat cake soup fruit biscuit; fruit lemon orange banana grape melon fig apple apricot mango;
    vegetable onion turnip cabbage potato tomato; grain barley oats rice flour corn rye wheat; flour grain; sweets
    candy peppermint; candy sweets; honey; butter; dough; accordion squeezebox; tuba horn; instrument violin piano
    flute tuba drum accordion; tax taxes duty; property goods belongings; belongings things possessions goods; wage
    pay salary; pay wage; sum amount; vote ballot; power strength; courage bravery nerve; luck fortune; peace quiet
    truce; danger peril; memory recollection; harm hurt damage; purpose aim; chance opportunity; complaint protest;
    business trade; trade business; matter problem; life lives; soul spirit; joy happiness; verdict judgment ruling;
    judgment verdict; test trial; trick ruse; prayer prayers; number no; list names; names list; address where; bell
    bells gong chime; key keys passkey; ticket tickets pass fare; table tabletop board; jar jars jug crock urn;
    clock alarm timepiece dial; coal coals ember; tin can canister; salt brine; bean beans pulse; brass metal
    bronze; stove cooker range oven; lid cap top cover; envelope letter packet; list roll register roster inventory;
    camera lens; basket creel hamper; drawer drawers compartment; nut kernel seed; root roots; card cards
    playing_card; loaf bread; spoon ladle; tablet tablets slate clay; ladder steps; broom besom brush; umbrella
    brolly parasol; bottle flask vial; sock sock stocking; flower flowers bloom blossom rose; butter spread; bucket
    pail; curtain curtains drapes; gift present offering; ball sphere; tax dues levy; wool yarn fleece; screen
    monitor display; toy plaything; shirt blouse tunic; map chart plan; ledger book accounts register; barrel keg
    drum; button knob switch; price cost charge; locker cupboard; coffin casket box; crown tiara; candle taper
    flame; apron smock; bead beads; bone bones; bill invoice receipt; receipt bill slip; wire cable line; ribbon
    bow; cushion pillow; needle pin; shelf rack; soap suds; trumpet bugle horn; bread dough; mug cup; lamp bulb;
    blade knife edge; book books pages; page sheet paper; pages papers book; papers documents pages; poster notice
    sign; notice sign poster; line row queue; row line; nail tack; spike nail; bolt lock; crate box; parcel package
    packet; package parcel; pack bag bundle; bundle pack; load burden cargo; pistol gun; revolver pistol; knife
    blade; stake post; post pole; barley grain; script lines text; text writing words; writing words text;
    hand_writing writing; verse rhyme lines; rhyme poem; ballad song; chorus song refrain; lullaby cradle_song;
    bottle_of_milk milk; snack food bite; feast meal banquet; dish plate meal; drop bit; crumb bit; slice piece;
    share part portion; portion share; lantern torch; fuel oil coal wood; wood firewood timber logs; log wood; spark
    fire; bonfire fire; firewood wood; cushion seat; throne chair seat; necktie tie; sash belt; ring band; jewels
    gems jewelry; necklace pendant; bracelet bangle; eyeglasses spectacles glasses; spectacles glasses;

    head skull; face features; eye eyes; ear ears; mouth lips; nose snout; hair locks; beard whiskers; cheek; neck
    throat; throat neck; hand hands palm fingers fist; finger fingers; thumb; arm arms; shoulder shoulders; back;
    chest breast; side ribs; heart; belly stomach tummy; stomach belly; leg legs; knee knees lap; foot feet; toes
    toe; tail; wing wings; horns horn; tooth teeth; teeth tooth smile set; bone bones; skin hide; breath air; tears
    tear; body corpse; wrist; chin; forehead brow; elbow; sole foot; claw paw; paw foot; beak bill; fever
    temperature; nose nostrils; neck nape; shoulder shoulders; leg legs thigh; knee knees; toe toes; sleeve cuff
    arm; ear ears; side flank ribs waist; cheek cheeks; breath air lungs; heart chest; hair locks curls; forehead
    brow temple; tongue; thumb finger; beak bill; fur coat pelt; sole soles foot; face expression features; fist
    hand; waist side; skull head; lap knees; eyelid eye;

    morning dawn daybreak sunrise; dawn sunrise daybreak; evening dusk sunset tonight; night evening dark tonight;
    tonight this_evening this_night tonight; today; tomorrow; noon midday; midnight; day; hour hours; minute moment;
    winter; summer; spring; month; year; time; time moment hour; noon midday twelve_o'clock; midnight
    middle_of_the_night; night nighttime night_time; day daytime daylight; today this_day; tomorrow next_day; winter
    cold_season; year years; hour hours; minute minutes moment;

    week; afternoon; spring; yesterday; sunset dusk nightfall; sunrise dawn;
    """

MANNERS = """
    quickly fast quick hurry swiftly hastily as_fast_as_you_can as_quick_as_you_can at_once speedily hurriedly
    rapidly; slowly slow unhurriedly take_time; loudly loud aloud top_of_voice top_of_my_voice full_voice out_loud;
    aloud out_loud loud; quietly softly quiet soft low gently silently silent not_too_loud under_my_breath;
    carefully careful gently cautiously with_care; honestly honest fairly straight truly truthfully fair; kindly
    kind nicely gently; politely polite courteously; bravely brave courageous; closely close near; together both
    with_us with_me side_by_side all_of_us; alone by_myself on_my_own by_yourself by_himself by_herself; away off
    out; up upward upwards uphill aloft upstairs; down downward downwards downhill below downstairs; upstairs
    up_the_stairs; downstairs down_the_stairs; inside in indoors within; outside out outdoors; back backward
    backwards; forward ahead onward straight_on; left; right; here in_this_place; there over_there; home back_home;
    everywhere all_over; through; around about round; under beneath below underneath; behind after; beside next_to
    by_the_side alongside by_side; near close nearby next_to; far distant far_off; between among; against; before
    in_front; instead rather rather_than in_place_of; anyway all_the_same just_in_case even_so still nevertheless;
    enough sufficient; half part_of; whole all entire; more extra further; less fewer; one single; two both pair
    couple; three triple; ten; twelve dozen; twenty score; hundred; thousand;

    big large huge great giant enormous; small little tiny wee; tall high long; long lengthy; short brief; thin
    skinny slim lean; fat plump stout; old elderly aged ancient eldest; oldest eldest; young youthful; new fresh;
    hot warm; warm hot heat; cold chilly icy cool freezing; wet damp soaked; dry; dark black gloomy; bright light
    shining; clean pure; dirty filthy muddy; empty bare; full; heavy weighty; hard tough; soft; sharp; broken
    cracked; whole complete; good fine nice well great; bad evil wicked awful; terrible awful dreadful horrible;
    best finest; worst; true real right; false fake untrue; real true genuine; right correct true; wrong mistaken
    incorrect; sure certain positive; ready prepared; certain sure; afraid scared frightened fear; brave bold
    courageous; happy glad cheerful joyful; sad unhappy sorrow sorrowful gloomy miserable; angry cross furious mad;
    sorry regret forgive apologise apologize; tired weary sleepy exhausted; hungry starving; thirsty; sick ill
    unwell; well fine healthy alright all_right feel_fine; dead deceased died; alive living live lives; asleep
    sleeping; awake; safe secure unharmed; dangerous risky; free loose; lost missing; rich wealthy; poor needy;
    beautiful pretty lovely; ugly hideous; strange odd weird funny; funny amusing; stupid foolish silly; clever
    smart wise; wise clever; mad crazy insane; strong powerful strength; weak feeble; easy simple; difficult hard;
    famous known; red crimson scarlet; blue azure; green; white; black; grey gray; yellow gold; brown; gold golden;
    silver; iron; wooden wood; painted; different other another; same alike; important; necessary; own; along with
    together; past by; across over; many much lots plenty; few little; much lots a_lot plenty; really truly sure;
    tight tightly fast firmly hard close strength; firm tight steady; steady firm; flat level; wide broad;
    by_her_side by_his_side beside next_to; narrow thin; smooth even; wild savage; gentle soft kind; holy sacred;
    drunk tipsy; blind unseeing; deaf unhearing; dumb mute; hollow empty; early; late; loose free; nearest closest;
    closer nearer; several few; seventh seven; sixth six; fifth five; fourth four; third three; second two; ninth
    nine; tenth ten; first one; here right_here over_here; behind at_the_back; along down up; more extra another
    additional; away off elsewhere; red crimson; last final remaining; wrong mistaken false bad; awake up; alive
    breathing; between among amid; against versus; across over; enough plenty; past by beyond; high up tall; full
    filled packed; best finest greatest top; hungry starving peckish famished; safe secure out_of_danger; flat
    level; nearly almost; next following neighboring; worth; bare naked; pleasant nice kind; main chief; half
    partly; tall lofty; poor pitiful; sick unwell ill; sleeping asleep; shut closed; closed shut; open ajar; angry
    annoyed; calm peaceful; peaceful calm quiet; lonely alone; proud haughty; shy timid; gentle soft; rough harsh;
    cruel mean; mean cruel; friendly kind nice; merry happy jolly; cheerful merry; noisy loud; nervous afraid;
    frightened afraid; shaky trembling; crooked bent; ready set; busy occupied; secret hidden; hidden secret
    concealed; private alone; usual normal; normal usual; ordinary normal; special particular; possible; obvious
    clear; clear plain; plain simple; gladly happily willingly; suddenly abruptly; firmly hard; gently softly;
    barely hardly; straight direct directly; directly straight; now at_once immediately right_away straight_away
    this_minute right_now instantly; later afterwards; before until first; first before before_anyone
    before_everyone; last final; next following; always forever; never; again once_more another_time; late tardy;
    early ahead_of_time; always all_the_time forever constantly; first at_first to_begin_with beforehand; then
    afterwards after_that; soon shortly; once one_time; late; early soon; all_night until_morning till_dawn;
    """

OPPOSITES = """
    accept refuse; accompany leave; admit deny; afraid brave; agree object; agree refuse; alive dead; all half;
    allow prevent; allow refuse; alone accompany; alone along; alone together; along leave; always never; approach
    step_back; arrive leave; asleep awake; attack flee; attack help; before after; begin end; begin finish; begin
    stop; big small; bless curse; board get_off; boy girl; break mend; breathe_in breathe_out; brother sister; build
    break; burn extinguish; buy sell; catch let_go; climb descend; closely away; come leave; day night; dead alive;
    deny confess; early late; east west; empty full; enter leave; enter step_back; everyone nobody; faster slowly;
    fight flee; fight surrender; fill empty; first last; flee approach; flee climb; flee enter; flee follow; flee
    go; follow hide; follow lead; forgive accuse; forgive punish; forward back; free lock_up; front back; full
    empty; go stay; go stop; go_on return; go_on stop; good bad; grandmother grandfather; happy sad; hard soft; heal
    kill; heavy light; hello goodbye; help attack; here there; hide reveal; hide show; high low; hold let_go;
    honestly cheat; hot cold; husband wife; in out; innocent guilty; inside outside; join leave; keep drop; keep
    give; keep let_go; keep sell; keep throw; king queen; laugh cry; leave approach; leave follow; leave join; left
    right; lie stand; lift lower; light extinguish; live die; load empty; loud silent; louder quietly; loudly
    be_quiet; loudly quietly; loudly silent; love hate; man woman; more less; morning evening; mother father; near
    far; new old; north south; obey refuse; old young; once thrice; open close; open lock; pick_up drop; pick_up
    put_down; praise insult; push pull; put_on take_off; quickly slowly; raise lower; remember forget; rescue kill;
    rich poor; right wrong; safe dangerous; same different; save kill; sell keep; shout be_quiet; shout whisper;
    silence loud; sing be_quiet; sing shout; sit go; sit stand; sleep wake; son daughter; speak be_quiet; speed_up
    slow_down; start stop; stay flee; stay leave; stronger weaker; switch_on switch_off; take give; take leave; take
    leave_alone; take put_down; take throw; talk be_quiet; tell be_quiet; tell lie; thank insult; tighten loosen;
    together alone; true false; trust doubt; uncle aunt; untie tie; up down; upstairs downstairs; wait go; wait
    leave; warn surprise; wear undress; wet dry; whole half; whole part; wide narrow; win lose; win surrender; yes
    no;
    """
