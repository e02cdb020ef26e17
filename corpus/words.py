"""English word lists that decide the grammar of a label: what can be done, what can be chosen, who is meant.

No part-of-speech tagger: the game reads the player's line with these lists too, so they must load in a millisecond. The
first word of a label nearly always decides, and stories use a few hundred verbs. A word in no list is judged by the
word after it (`Defenestrate the mayor`), so a gap in the lists costs a label now and then, but is never an error.

Limits: English. Past tenses are unknown, because labels are in the present.
"""


def word_set(text: str) -> frozenset[str]:
    """Return the words of `text`; lists read better as running text."""
    return frozenset(text.split())


VERBS = word_set("""
    abandon abduct absorb accelerate accept accompany accuse act activate add adjust admire admit adopt advance advise
    agree aid aim ain't alert align allow amble ambush amuse analyse analyze anchor angle announce annoy anoint answer
    apologise apologize appear appease applaud apply appraise approach aren't argue arm arrange arrest arrive ascend ask
    assassinate assault assemble assert assess assign assist assume assure atone attach attack attempt attend attract
    avoid await awaken awe back backtrack bait bake balance ban band bandage bang banish bar bargain barge bark
    barricade barter bash bask bathe battle bawl be beach beam beat beckon become befriend beg begin behave believe
    bellow bend berate bet betray bicker bid bill bind bite blabber blackmail blame blast bleat bleed bless blink block
    blow bluff blurt bluster board boast boil bolt bomb bond book boot borrow bother bounce bow box brace brag
    brainstorm brand brandish brave brawl bray break breathe brew bribe bring brood browse brush buckle budge build
    bully bump burn burp burst bury busy button buy buzz bypass cackle call calm camp can't cancel cannot capture care
    caress carry cart carve cast catch cause caw celebrate center centre chain challenge change chant charge charm chart
    chase chat cheat check cheer chew chicken chip chirp chisel choke choose chop chuckle chug circle claim clamber
    clamp clank clap clasp claw clean clear clench click climb cling clog close clothe club cluck clutch coach coast
    coat coax cobble code coil collapse collect collide comb combine come comfort command commandeer commence commit
    commune compare compel compete complain complete compliment comply compose compromise conceal concede concentrate
    conclude condemn conduct confer confess confide confirm confiscate confound confront confuse congratulate conjure
    connect conquer consent consider console construct consult consume contact contemplate contend continue contradict
    contribute converse convert convey convince coo cook cool cooperate cope copy cork corner cough could couldn't count
    counter counterattack cover cower crack crane crank crash crave crawl create creep cringe criticise croak croon
    cross crouch crow crown cruise crumple crunch crush cry cuddle cull cultivate cup cure curl curse curtsy cut cycle
    dab damage dance dangle dare dart dash dawdle daydream dazzle deal debate decapitate deceive decide decipher deck
    declare decline decode decorate dedicate deepen defeat defend defer deflect defuse defy delay delete deliver delve
    demand demolish demonstrate deny depart depend deploy deposit derail descend describe desert designate destroy
    detach detain detect detonate detour develop devise devour dial dictate didn't die differ dig dilly-dally dim dine
    dip direct disable disagree disappear disarm disassemble disband discard disconnect discover discuss disembark
    disguise dislodge dismiss dismount disobey dispatch dispel display dispose dispute disregard dissolve distract
    distribute disturb dive divert divide do dock dodge doesn't doff don don't donate doodle doom dote double doubt
    douse download doze drag drain drape draw dream drench dress dribble drift drill drink drip drive drop drown dry
    duck duel dump dunk dust dwell ease eat eavesdrop echo edge eject elaborate elbow elect electrocute elope elude
    email embark embarrass embed embrace emerge employ empower empty enable enchant enclose encourage end endure enforce
    engage engrave enjoy enlist enquire enrage enrol enroll enslave ensnare ensure enter entertain entice entrust erase
    erect escalate escape escort establish estimate evacuate evade evaluate evict exaggerate examine excavate exchange
    exclaim exclude excuse execute exhale exhume exit exorcise expand expect experiment explain exploit explore expose
    express extend extinguish extort extract eye fabricate face fail faint fake fall falter fasten fear feast feed feel
    feign fend ferry fetch fiddle fidget fight figure file fill film find finger finish fire fish fix fixate flag flail
    flank flap flash flatten flatter flaunt flee flex flick flinch fling flip flirt float flog flood flop flourish flush
    fly foil fold follow fool foot forage forbid force ford foresee forfeit forge forget forgive forgo fork fortify
    forward frame freak free freeze frighten frisk frolic frown fry fuel fulfil fulfill fumble fume fuse gag gallop
    gamble gape gargle garrote gasp gather gaze gesture get gift giggle give glance glare glide gloat glue gnaw go goad
    gobble google gossip gouge govern grab grapple grasp graze greet grieve grill grin grind grip groan groom grope
    grovel grow growl grumble grunt guard guess guide gulp gut guzzle hack haggle hail hallucinate halt halve hammer
    hand handle hang harass harm harness harvest hasten hate haul have haven't head heal heap hear heave hedge heed help
    hesitate hibernate hiccup hide hijack hike hinder hint hire hit hitchhike hoard hobble hobnob hoist hold holler honk
    honor honour hoodwink hook hoot hop hope hound hover howl huddle huff hug hum humiliate humor humour hunker hunt
    hurdle hurl hurry hurtle hush hustle hypnotise hypnotize identify ignite ignore illuminate imagine imitate immerse
    impale impersonate implicate implore imply impose impress imprison improvise inch incinerate increase indicate
    indulge infect infiltrate inflict inform infuriate inhale inherit inject injure inquire inscribe insert insinuate
    insist inspect install instigate instruct insult interact intercept interfere interrogate interrupt intervene
    interview intimidate introduce invade invent investigate invite invoke iron itch jab jam jeer jerk jest jog join
    joke jostle jot judge juggle jump keep kick kidnap kill kindle kiss knead kneel knight knit knock knot know label
    lament land lash lasso last latch laugh launch lay laze lead leak lean leap learn leave lecture leer lend let level
    liberate lick lie lift light lighten limp linger listen live load loan loathe lob lock log look loom loop loosen
    loot lose lounge love lower lull lumber lunge lurch lure lurk mail maintain make man manage mangle manipulate march
    mark marry massage master match mate maul measure meditate meet melt memorise memorize menace mend mention meow
    merge mesmerise mesmerize mess milk mimic mind mine mirror mislead mix moan mock monitor moo mop mope mount mourn
    move muffle mug mumble munch murder murmur muse must muster mustn't muzzle nag nail name nap navigate need neglect
    negotiate neigh nestle neutralise neutralize never nibble nod note notice notify nudge numb nurse obey object
    obliterate observe obstruct obtain occupy offend offer oink omit open operate oppose opt orbit order organise
    organize oust overcome overhear overlook overpower overtake overthrow owe own pace pack paddle paint pamper panic
    pant parachute parade paralyse paralyze pardon park parley parry part party pass pat patch patrol pause pawn pay
    peck pedal peek peel peep peer pen perch perform permit persist persuade peruse pester pet petition phone photograph
    pick picture pierce pile pilfer pillage pilot pin pinch pinpoint pitch pity pivot placate place plan plant play
    plead please pledge plod plop plot plough plow pluck plug plummet plunder plunge plunk poach pocket point poison
    poke polish ponder pool pop pose post postpone pounce pour pout practice practise praise prance pray preach predict
    prefer prepare present preserve press pretend prevent prick prime print probe proceed proclaim prod produce program
    prolong promise prompt pronounce prop propel propose protect protest prove provide provoke prowl prune pry puff puke
    pull pummel pump punch punish purchase purge purify purr pursue push put puzzle quack quaff quarrel quell quench
    quest question queue quip quit quiver quote race raid raise rake ram ransack rant rap rattle ravage rave raze reach
    react read ready rearrange reason reassemble reassure rebel reboot rebuff rebuild rebuke recall receive recharge
    recite reckon reclaim recline recognise recognize recoil recommend reconcile reconsider record recover recruit
    redeem redirect redo reduce reel reenter refill reflect refrain refuel refuse regain regret regroup rehearse reheat
    rein reinforce reject rejoin relate relax release relinquish relish relive reload relocate rely remain remember
    remind reminisce remove renounce rent repair repay repeat repel repent replace reply report reprimand request rescue
    research reset resign resist resolve resort respond rest restart restore restrain resume resurrect retain retaliate
    retell rethink retire retort retrace retract retreat retrieve retry return reunite reveal revel reverse revert
    review revisit revive reward rewind rewire ride ridicule rig ring rinse rip rise risk roam roar roast rob rock roll
    romance root rotate round rouse route row rub ruin rule ruminate rummage run rush rustle sabotage sacrifice saddle
    sag sail salivate salute salvage sample sashay saunter save savor savour saw say scald scale scamper scan scare
    scatter scavenge schmooze school scoff scold scoop scoot scorch score scour scout scowl scramble scrape scratch
    scrawl scream screech screw scribble scrounge scrub scrutinise scrutinize scurry scuttle seal search seat sedate
    seduce see seek seethe seize select sell send separate serve set settle sever sew shackle shadow shake shape share
    sharpen shatter shave shed shelter shelve shield shift shimmy shine shiver shock shoot shop shoplift should
    shouldn't shout shove shovel show shower shred shriek shrink shrug shuck shuffle shun shut side sidestep sidle sift
    sigh sign signal silence simmer sing sink sip siphon sit skate skedaddle sketch skewer skim skin skip skulk slam
    slap slash slaughter slay sleep slice slide sling slip slit slither slow slump slurp smack smash smear smell smile
    smirk smite smoke smother smuggle snack snag snap snare snarl snatch sneak sneer sneeze snicker sniff sniffle snip
    snitch snoop snooze snore snort snub snuggle soak soar sob socialise socialize soften solve soothe sort sow spank
    spar spare spark speak spear speculate speed spell spend spill spin spit splash split spook spot sprawl spray spread
    sprinkle sprint spur spurn spy squabble squander squash squat squeal squeeze squint squirm squish stab stack stage
    stagger stake stalk stall stammer stamp stand stare start startle stash state stay steady steal steer step stick
    stiffen stifle sting stir stitch stock stoke stomp stop storm stow straddle strafe straighten strain strangle strap
    stray stretch strew stride strike strip stroke stroll struggle strum strut study stuff stumble stun stutter subdue
    submit suck sue suffer suffocate suggest sulk summit summon support suppose suppress surf surprise surrender
    surround survey survive suspect swaddle swallow swap swat sway swear sweep sweeten swerve swig swim swindle swing
    swipe swirl switch swivel swoop sympathise sympathize tack tackle tail take talk tame tamper tangle tap target tarry
    taste tattle taunt tax teach team tear tease telephone teleport tell tempt terrify test text thank thaw thieve think
    thrash threaten throw thrust thumb thump thwart tickle tidy tie tighten tilt time tinker tip tiptoe tire toast toil
    tolerate topple torch torment torture toss touch toughen tour tousle tow toy trace track trade trail train trample
    transfer transform translate transport trap travel traverse tread treat trek tremble trespass trick trigger trim
    trip trot trounce trudge trumpet trust try tuck tug tumble tune tunnel turn twiddle twirl twist twitch type unbar
    unbind unblock unbolt unbuckle unchain unclasp unclog uncork uncover understand undo undress unearth unfasten unfold
    unfurl unhook unite unlatch unleash unload unlock unmask unpack unplug unravel unroll unscrew unseal unsheathe
    unstrap untangle untie unveil unwind unwrap upgrade uproot upset urge use usher utter vacate value vandalise
    vandalize vanish vaporise vaporize vault vent venture verify veto vie view visit volunteer vomit vote vouch vow
    waddle wade wager wail wait wake walk wallow waltz wander want ward warm warn wash waste watch water wave waver
    weave wed wedge weep weigh welcome weld whack wheedle wheel wheeze whimper whine whinny whip whirl whisk whisper
    whistle whittle wield wiggle will win wince wind wink wipe wire wish withdraw withhold witness won't wonder woo work
    worry worship would wouldn't wound wrangle wrap wreck wrench wrest wrestle wring write yank yawn yell yelp yield
    yodel zap zigzag zip zoom
    """)
"""Verbs that a label for an action begins with, and the auxiliaries that can be in their place."""

DOUBTFUL = word_set("""
    anchor angle arm back balance band bar battle beach bill board bomb bond boot bow box brand brush button camp cart
    center centre chain charm chart chicken chip circle club coach coast coat code coil comb cool cork corner count
    crack crane crash crow crown cup cure curl curse cycle damage deck desert detour dock dream dress duck duel dust
    echo edge email end eye face feast ferry figure file film finger fire fish flag flash flood foil fool foot ford fork
    frame fuel gift glue groom guard guide hail hammer hand harm head heap hedge hike honor honour hook hope hound iron
    jam judge knight knot label land last leak level light live load lock log loop love mail man mark master match mate
    measure milk mind mine mirror monitor mug nail name note nurse object orbit order own pace pack paint panic parade
    part party patch pawn pen pet phone picture pile pilot pin pitch pity place plan plant plot plug pocket poison pool
    pop post press program pump puzzle quest question race raid rake ram rap reason rebel record rein rest rig ring risk
    rock romance root round route row rule sail sample saw scale school score scout screw seal seat sense shadow shape
    share shelter shield ship shock shop shovel shower side sign signal silence skin smell smoke snack spark spear spell
    spot spray spy stack stage stake stamp state sting stitch stock storm strain stroke study stuff summit surprise tail
    target tax team tear test text thumb time tip toast torch torture tour toy track trail train transport trap trigger
    trip trumpet tune tunnel type value vault vent view ward waste water wave wheel whip will wind wire wish witness
    wonder work wound wreck
    """)
"""Verbs that are nouns as often (`Fire`, `Light armour`): they count as verbs only if an object follows."""

ALONE = word_set("battle camp dream duck fish hope panic rest sail scout shop smoke study wave wish wonder work")
"""The ambiguous verbs that mean an action if they stand alone."""

THINGS = word_set("""
    amulet armor armour arrow attic axe bag bakery balcony bank bar barn basement bathroom beach bear bed bedroom bell
    boat bomb book bottle box boy bridge bus cabin car castle cat cathedral cave cellar chapel chest church circle city
    clock closet coin compass computer corridor cottage crossbow crossroads crown crypt dagger desert diary dock doctor
    dog door dragon dungeon elevator exit factory farm field flag flashlight forest fork fountain garage garden gate
    girl goblin gun hall hallway hammer harbor harbour helmet hill horse hospital hotel house inn island jungle kitchen
    knife lab laboratory ladder lake lamp lantern laptop letter library lighthouse mace mage manor mansion map market
    mask mill mine mirror monster moon motel mountain museum necklace ocean office orchard painting palace park path
    phone pistol pit plane plaza police port potion priest prison pyramid rabbit ranger restaurant revolver rifle ring
    river road rogue roof room ruin ruins school scroll sea shed shield ship shop shore shotgun shovel skull spaceship
    spear square staff staircase stairs station street studio sun swamp sword table tavern temple tent theater theatre
    thief throne tomb torch tower town train tree truck tunnel umbrella van village wall wand warehouse warrior well
    window witch wizard wolf woods
    """)
"""Countable nouns for labels of one word: they get an article."""

STUFF = word_set("""
    agility air anyone anything anywhere beer black blood blue both bread bronze brown chaos charisma charity cheese
    coffee combat compassion copper courage cunning curiosity darkness death diplomacy duty earth either endurance
    everybody everyone everything evil faith fame family fate female fire food freedom friendship gold good gray greed
    green grey happiness hatred heaven hell honesty honor honour hope ice intelligence iron jewels joy justice knowledge
    law life light lightning logic love loyalty luck magic male meat mercy milk money music nature neither nobody none
    nowhere orange order other others peace pink poison power pride purple rage red revenge rope rum science silver
    somebody someone something somewhere soup space speed stealth steel strength tea time treasure truth vengeance
    violence violet water wealth weapons whiskey white wine wisdom wood yellow
    """)
"""Uncountable nouns and the like for labels of one word."""

DETERMINERS = word_set(
    "the a an this that these those another my your his her its their our some any each every all both no"
)
PRONOUNS = word_set("""
    me him her it them us you myself yourself himself herself itself themselves one everyone everything everybody
    someone something anyone anything nobody nothing
    """)
PARTICLES = word_set("up down away off out over back around through in on into at onto past")
DIRECTIONS = word_set("""
    north south east west northeast northwest southeast southwest left right up down back forward forwards backward
    backwards inside outside in out upstairs downstairs upstream downstream home ahead onward uphill downhill indoors
    outdoors straight
    """)
WAYS = word_set("""
    into to through toward towards under behind beneath over across around past along inside outside up down out onto
    beyond between among off round back near underneath via in at beside below above
    """)
"""Prepositions of direction."""

# ---- questions, speech, sentences about others ---------------------------------------------------------------

ASKING = word_set("who whom whose what where when why which how")
HELPERS = word_set("""
    is are am was were do does did can could will would shall should may might must has have had isn't aren't wasn't
    weren't don't doesn't didn't can't couldn't won't wouldn't shouldn't haven't hasn't
    """)
SUBJECTS = word_set("i you we they he she it this that there anyone anybody someone somebody everyone")
"""Subjects that follow an auxiliary in a question: `Are you ...`. Without one, it is not a question."""
OTHERS = word_set("he she it they there he's she's it's they're there's that's he'll she'll it'll they'll")
IS = word_set("is was are were has had will can must isn't wasn't aren't weren't won't can't")
SAID = word_set("""
    absolutely agreed ah aha ahem alas alright bye certainly congratulations damn definitely er exactly farewell goodbye
    greetings hello hey hi hm hmm hmmm hush indeed maybe nah nonsense nope not oh ok okay oops ouch perhaps please sorry
    sure thanks ugh uh uhh um wow yeah yep yes yup
    """)
"""Words that open speech, not an action."""
SAID_ALONE = word_set("deal fine great help never really seriously whatever")
"""The words that are speech only if they stand alone."""
SAID_BEFORE_COMMA = word_set("no well right fine look listen wait now so captain")
"""The words that are speech only before a comma: `Well, that was odd`."""
SAID_PAIRS = word_set("""
    of_course thank_you good_morning good_evening good_night good_day good_afternoon good_luck good_bye good_idea
    good_point no_thanks no_thank no_way no_problem no_need no_i no_you no_we no_it no_deal no_chance no_idea no_please
    let_us what_the my_god my_lord my_lady excuse_me i_see how_dare how_about what_about how_come
    """)
"""Openers of speech that have two words."""

# ---- small words ---------------------------------------------------------------------------------------------

NUMBERS = word_set("one two three four five six seven eight nine ten few many more most several half number")
OLD = word_set("old young little big poor option")
"""Words that are in small letters before a name, too: old Martha."""
JOINS = word_set("and or of with for from in on at the a an to by but as without")
FOREIGN = word_set("la le les der das dem den el los las il lo gli une ein eine una du des und et mit avec y con")
"""Small words of other languages that English doesn't have."""
LY_VERBS = word_set("apply bully comply fly rally rely reply supply tally ally")


def gerund(verb: str) -> str:
    """Return the -ing form: run, running; make, making; lie, lying."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "ye", "oe")) and verb != "be":
        return verb[:-1] + "ing"
    return verb + (verb[-1] if _doubles(verb) else "") + "ing"


def third(verb: str) -> str:
    """Return the form after he or she: run, runs; cry, cries; watch, watches."""
    if verb in ("be", "have"):
        return {"be": "is", "have": "has"}[verb]
    if verb.endswith("y") and verb[-2:-1] not in "aeou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


def _doubles(verb: str) -> bool:
    """Return whether the last letter is doubled: in a stressed syllable of consonant, vowel, consonant, as in begin."""
    ends = len(verb) > 2 and verb[-1] in "bdgklmnprt" and verb[-2] in "aeiou" and verb[-3] not in "aeio"
    syllables = sum(c in "aeiouy" for c in verb) - (verb[-3:-1] == "ui")
    return ends and (syllables == 1 or verb in ("begin", "forget", "commit", "admit", "submit", "regret", "permit"))


_FORMLESS = word_set("cannot could must should will would never")
_FORMED = sorted(verb for verb in VERBS if "'" not in verb and verb not in _FORMLESS)
GERUNDS = {gerund(verb): verb for verb in _FORMED}
THIRDS = {third(verb): verb for verb in _FORMED}
