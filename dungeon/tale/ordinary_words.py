"""Ordinary English words, for telling a name at the start of a sentence from a word with a capital.

    is_ordinary("lanterns")    # True: a regular form of one of the words
    is_ordinary("hester")      # False

The words are those that the library writes in lower case and that `corpus.words` does not have, in their shortest
regular form, and days, months, nationalities and forms of address.

Limits: 2,300 words and the lists of verbs; a word that the library does not use is taken for a name.
"""

import re
from collections.abc import Iterator
from functools import cache

from corpus import words as lists
from corpus.words import word_set

_ENDINGS = (
    *(
        ("ies", "y"),
        ("ied", "y"),
        ("ier", "y"),
        ("ily", "y"),
        ("ves", "f"),
        ("es", ""),
        ("s", ""),
        ("ed", ""),
        ("ed", "e"),
    ),
    *(("ing", ""), ("ing", "e"), ("er", ""), ("er", "e"), ("est", ""), ("est", "e"), ("ly", ""), ("ness", "")),
    *(("less", ""), ("ful", ""), ("y", ""), ("y", "e"), ("n", ""), ("th", "")),
)
_DOUBLED = re.compile(r"(?P<base>\w+?)(?P<last>\w)(?P=last)(?:ed|ing|er|est)")


@cache
def is_ordinary(word: str) -> bool:
    """Return whether a word in lower case is an ordinary one, or a regular form of one."""
    return len(word) < 3 or any(form in _words() for form in (word, *_base_forms(word)))


def _base_forms(word: str) -> Iterator[str]:
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) + len(instead) >= 3:
            yield word.removesuffix(ending) + instead
    if doubled := _DOUBLED.fullmatch(word):
        yield doubled["base"] + doubled["last"]


@cache
def _words() -> frozenset[str]:
    of_grammar = [words for words in vars(lists).values() if isinstance(words, frozenset)]
    return _ORDINARY.union(*of_grammar, lists.GERUNDS, lists.THIRDS)


_ORDINARY = word_set("""
    abbot able aboard about acacia accent accident accord accordion account accountants ace ache acrobat actor addition
    address admiral adrift adults adventure advertisement advice affair afford afloat afraid african after afternoon
    afterward again against age agent ago aground airlock airport aisle alarm ale alibi alike alive alley almost alone
    alongside aloud alphabets already also altar although altogether always amazed american ammunition angel anger angry
    animal ankle ant anvil anxious anyhow anyway apart ape apology appeal applause apple appointment apprentice approval
    apricot april apron arabic arc arcade arch archive arena argument arithmetic art article artist ash ashamed ashore
    aside asleep ass astride ate atlas attendant attention audience august aunt auntie author autumn avenue awake
    awarded aware awful awkward axle baby bad badge bails bald bale ball balloons bamboo banana bandmaster bangles
    banister banknote banyan baptism barber bare barefoot bareheaded barley barman baroness barrel base basin basket
    bass bat bath bathers bathtub battery bay bead beak bean beard beast beaten beautiful became because bedside bedtime
    bee beef beehive beep beet beetle before beforehand began begun behalf belief belong belt bench bent berry berth
    best betrothal bicycle bike billion bin bingo birch bird birth birthday biscuit bishop bit biters bitten blackboard
    blackens blacksmith bladder blade blank blanket blazes bled blew blind blister bloom blushes boathouse boatman bob
    body bone boom booth border bore born boss bottom bought bound bowl bracelet braid brain brake branch brass
    breakfast breath breeding breeze brick brickyard bride brief brigade bright brightens brim bristly broad broadcasts
    broke brooch brook broom broth brought brow bruise bubble bucket buggy builders built bulb bulge bull bullet bun
    bunch bundle bunk buoy burial burr bush business butcher buttonhole cab cabbage cabinet cable cacao cactus cage cake
    calendar calf came camel camera canal canary candle candlelight candlestick candy cannon canoe canopy canteen canvas
    cap cape capital caravan card cardboard cardinal caretaker cargo carp carpenter carpet carriage carrot cartload
    cartwheel case cash casino cask cassava catalog catalogue cattle cattleman caught caviar ceased ceiling cell cello
    cement cent centimeters century certain chair chalk champagne chance chandelier channel chapped charcoal chattering
    cheap checkpoint cheek chemist cherry chess chief chilblains child childbirth childhood childish children chimney
    chin china chinese chocolate choice choir chorus chose christen christian christmas churchyard chute cider cigar
    cigarette cinema circus citizens clack clams clang clans clash class classroom clatter clause clay cleft clerk
    clever cliff climate clink clip cloak cloakroom clockmaker clod clop cloth cloud clown clump clumsy coal cobra cock
    coconut cod coffin cold collar colleague collectors college cologne colonel color colour colt columns comfortable
    comma common communion company compartment complaint concern concert condition conductor confession content contests
    contract copyist coral cord core corn cornfield corporal corpse corral correct cost costume cotton council
    councillor countess country couples course court courtyard cousin cow coward cowboys coyote crab crackle crate
    crawlway crazy creak cream crease creatures creek crept crew cricket crime crock crocodile crook crossbeam croupier
    crowbar crowd cruel crumb crumbling crust cub cuckoo cucumber cue cuff cupboard curd curious current curtain curve
    cushion custom dad daddy dam dame damp danger dangerous dark date daughter dawn day daylight dead deadline deaf dear
    debt deceased december decent decision deed deep deer degrees delight demon dent dentist depot depth deputy deserve
    desk detective devil dew dice diet difference different dignified dignity dike ding dinner direction director dirt
    disappointed disaster discounts disgrace dish displeasure distance ditch division dizzy doll dollar done donkey
    doorkeeper doorman doorpost doorstep doorway dot dough dove downward draft drainpipe drama drank draught dreadful
    dredger drew droop drove drum drunk drunkards drunken duckling duct due duet dug duke dull dumb dumpling dune dung
    during dusk dusters dutch dye eager eagle ear earthquake easiest eastern eaten editor eel effort egg eighteen eighth
    elder eldest election electric elegant elephant eleven else elsewhere emerald emergency emperor enemy engagement
    engine english enormous enough entire entrance envelope envy equal error european eve everywhere evidence exact
    examination example excellent except excited exist expedition expensive explanation expression extra eyebrow
    eyeglass eyelash eyelid fact fade fair fakir fallen false famous fan far fare farther farthest fashion fast fat
    father fathoms fault favor favorite feather february fed fee feelers feet fell fellow felt fence fens ferns ferryman
    festival fever fierce fifteen fifth fiftieth fifty fig figurehead filth fin final finches fingernail fingertips
    firecrackers fireman firemen firm first fisherman fishermen fishwife fist fit flake flame flares flask flat flea
    fleet flew flights flint flock floe floor floorboard flour flow fluff flute flutters foal foam focus fodder fog
    foggy foghorn folk fond font foolish football footprint footstool forbidden forefinger forehead foreign foreman
    forever forgot forgotten form formally fort fortieth fortune fought found founders foundling fourteen fox franc
    freckles freight french fresh friday friend frigate fright fringe fro frog front frost froze fruit full fun funeral
    funnel funny fur furious furniture furry further fuss gain gallery galley gallons gallows game gander gang
    gangplanks gangway gap garlic gas gauge gave gavel gazette gear geese gel general genius gentle gentleman gentlemen
    german ghost giant gin ginger giraffe girth glad glass glazed glitter globe glory glove glow gnat gnome goal
    goalkeeper goat goatherd goatskin god godmother golden goldsmith gone gong goose gorge got gourd governor gown grain
    grammar gramophone grams gran grand grandchild grandchildren granddaughter grandfather grandma grandmother grandpa
    grandson granite grape grass grateful grates grating grave gravel grease greek greenish grew grief grille grim
    ground gruffly guano guest guilder guilty gull gum gunboat gunpowder gurgle gust habit hair haircut hairpin halfway
    ham hammock hamster handbag handcuffs handkerchief handlebar handshake handsome handwriting happen happiest happy
    hard harmony harp harpoon haste hat hatch haunt hawk hay hayloft haystack haze headache headdress headman headmaster
    headset heard heart heartbeat heat heel height heirs heist held helicopter helmsman hem hen herald herd here hermit
    hero hickory hid hidden high hillside hilltop hind hinges hip hippo history hitching hive hoarse hoe hole holiday
    hollow holster homesick honest honey hood hoof hora horizon horn horrified horror horsemen hose host hot hour
    hourglass huge huh hull human humble hump hundred hung hungry hunters hurray hurt husband hut hutch hyena hymn
    icicles idea idiot ill importance important impossible includes including indian ink inkwell inland innkeeper
    innocent insect inspector instance instead insurance insured intend interest invitation inward isn italian item
    ivory jack jackal jacket jaguar jail january japanese jar jasmine jaw jeep jerseys jet jeweler jig jingle jinn job
    joint jolly jolt journey judgment jug juice july june juniper junk jury just jute keel kept kettle key keyboard
    keyhole khan kid kilo kilometers kin kind king kingdom kiosk kirin kite kitten kitty knee knelt knew knives knob
    knuckle knucklebone lace lacks lad ladle laid lain lamb lame lampkeeper lamplight lancet landlady landlord lane
    language lap lard large late latin laughter laundry lavender lawyer leaf leaflet league lease least leather led
    ledge leg legal lemon lemonade length lens lent lentils leopard lesson lettuce lever liar lice license lid
    lieutenant lifeboat lifeguard lifelike lifetime like lime limit line link lion lip list lit livres lizard llama loaf
    lobster locksmith lodger loft logbook lonely long longhorn lookout loose lord lost lot lottery loud loudspeaker low
    lullaby lump lunch lungs machete machine mad madam madame made magician magnets maid mailbag main mainland major
    malice mall mane mango mapmaker marble mare marquis marriages marrow marsh marshal mason mast mat matchbox mattress
    mayor meadow meal mean meant meantime mechanic medal medicine melon memory men menu merchant mere merry message
    messenger met metal mice microphone mid middle midnight midwife mild mile milkman million millstone minister mint
    minute miracle miserably mishear miss mist mistake mistress mitten model modern modest mole mom moment mommy
    monastery monday moneylender monk monkey month mood moonlight moonlit moonrise moonset moor morning mortar mosque
    moss mossfolk moth motion motor motorbike motorcycle mound mountainside mouse mouth mouthpiece movement mrs much mud
    muddy mule multiply mum mushroom musicians musket mustache mustard mutter mutton mystery naked nan napkin narrow
    nasty nation national natural navigator navy neat neck needle neighbor nephew nerve nervous nest net nettles new
    newborn newspaper next nice nick nickel niece night nightfall nightgown nightshirt nineteen ninety ninth noes noise
    noodle noon nor northern nose nostril notary notch notebook nought november novices nuisance nun nursery nut nutmeg
    nutshell oak oar oat oath october octopus odd official often oil oilcloth oilskin once oneself onion only opera
    operation operator opinion opposite oracle ordained ordinary organ original ornament orphan ostrich otherwise otter
    ought outdoor outright outstayed outwait outward oven overalls overboard overhead overpaid overseer overslept owl
    oxen oysters packet pad paddlers page paid pain pair pajamas pale palm pan pancake pane panel pantry papa paper
    papyrus parcel parents parish parrot parsley particular partner partridges passage passenger passport paste pastry
    patience patient pattern paw payment pea peach peak peanut pear pearl pebble peddler peg pencil penknife penny
    pension people pepper peppermint perfect period persian person pesos petal petticoat pew pharmacist pharmacy photo
    phrase piano pickaxe pickled pickles picnic pie piece pig pigeon pigsty pike pill pillar pillow pincers pine ping
    pinhead pinto pip pipe pirate plague plain plait planet plank plantain plantations plaster plastic plate plateau
    platform pleasant pleasure plenty pliers ploughman plowshares plum plumber pod poem poetry polar pole policeman
    policemen polite politics polka pomegranate pond pony poppy porch pork porridge portraits position possessed
    possible postage postcard postman postmaster pot potato pound powder pox practical precious presence president
    pretty price prince principle private prize problem procession professor projector proof properly property prophecy
    proud proverb province psalm pub puddle puffin pulpit pulse punishment pup pupil puppet puppies pure purpose purse
    puss quarry quart quartermaster quay queen queer quick quicksilver quiet quilt quite rack radio radishes raft rag
    rail railhead railroad railway rain raincoat raisin ran ranch rang rapids rare rash rat rate rather raw ray razor
    real rear reasonable receipt recipe reed reef reflection refrigerator regards register regular rehearsal relative
    relay relief relieved remark reserved residents resoled respect rhyme rhythm rib ribbon rice rich rickshaw rid
    ridden ridge rim ripe risers roadside robe robot rod rode roman romp rooster rose rot rotten rough royal rubbish
    rubles rudder rude rug rump runaway rung russian rust rye sable sack sad saddlebag safe safecracker safety said
    sailmaker sailor saint sake salad salami sale saloon salt same samovar sand sandal sandbank sandwich sane sang sank
    sardine sari sash sat satchel satisfied satisfying saturday saucer sausage sawdust scab scabbard scar scarecrow
    scarf scarlet scene schillings schnitzel scholar schoolmaster schoolteacher scissors scorn scrap screen screwdriver
    scribe script scythe sealskin seam seasick season second secret secretary section seedling seem seep senator
    sensible sent sentence sentry september sergeant serious serpent servant service sesame seventeen seventy sextant
    shade shaft shaggy shallow shame shan shark sharp shawl shearer shears sheep sheepskin sheet shekels shelf shell
    shepherd sheriff sherry shilling shin shirt shoal shoe shoebox shoemaker shook short shot shrank shrimps shroud
    shrunk sick sickle sickrooms sideboard sideways siege siesta sight signature silent silk sill silliest simple sin
    since single sir siren sister sixpence sixteen sixtieth sixty size skids skiff skillet skirt sky skylight slack
    slant slate slave sled sledge sleepwalking sleeve sleigh slept slid slightly slingshot sloop slope slops slosh slot
    sloth sluice slush small smallpox smith smooth snail snake sniggers snow snowball snowdrift snowflake snowman
    snowshoes snowstorm soap sock sofa soft sold soldier sole solemnly solid solitaire sometimes somewhat son song
    sonnets soon soot sore sorrow soul sound sour southern spade spanish sparkle sparrow spat speech spent spider
    spindle spirit spite splendidly splint spoil spoke spokesman spool spoon spout spring spruce sprung spyglass squeak
    stable stain stair stale stallion star starve statement statue steam steamboat steed steep steeple stem steppe stern
    steward stiff still stink stirrup stole stomach stone stood stool stoops store storehouse stork stout stove strait
    strands strange straw streak stream strict strikers string stripe strong struck stub stubble stubborn stuck student
    stump stung stupid style subject success such sucres sudden sugar suit suitcase sultan sum sunday sundown sunflower
    sung sunk sunlight sunny sunrise sunset sunshine sunstroke supper surface surveyor swam swans swarm sweat sweet
    swell swept swimsuit swish swollen swore sworn swum swung syllable symbol syrup tablecloth tablet tag tailor taka
    tale tall tamale tannery tape tapir tar tattoo taught taxi teacup teapot teaspoon teeth telegraph telescope temper
    tenant tend tenderly tennis terraces terrible terror than theft thermometer thermos thick thighs thimbles thin third
    thirsty thirteen thirtieth thirty thorn thorough though thought thousand thread threshing threshold threw throat
    throttle thud thumbnail thunder thundercloud thursday thyme tick ticket tide tiger tight tile till tin ting tingle
    tinny title toad tobacco today toe toffee together toilet told toll tomato tomorrow tone tongs tongue tonight tons
    too took tool toothache top tore torn tortoise towel townspeople traffic tragedy tram tramps trash tray treetops
    trial trickle troll troop tropics trouble trough trouser trout true truly trunk truthfully tub tuba tube tuesday
    tuppence turban turbine turkish turnip turtles tutor twelfth twelve twentieth twenty twice twig twin typewriter
    ugliest ugly unbutton uncle underside understood undertaker underwear undone uneven unhappy uniform union university
    unjust unkind unknown unless unlit unmeasured unmelted unpick unspent untidy until unwell upon upright uproar upside
    upturned upward urgent usual vacation vain valley valve vanilla veal vegetables vehicle veil vein velvet verdict
    verse version very vessel vest vicar victory vine visa visitor voice void wage wagon wags waist waistcoat wallpaper
    walnut war warden wardrobe warp washerwoman washroom washstand washtub wasp watchmaker watchman waterfall wax way
    weak weapon wear wearily weather wednesday weed week weekdays weekend weight went wept western wet whale whalebone
    wheat wheelhouse whenever wherever whether whichever while whiskers whoever whole whoosh wick wide widow width wife
    wig wild willow windmill wing winter wise within wives wobbles woke woman women won wooden woodpile wool woolen word
    wore workbench workers world worm worn worse worst worth woven wreath wriggle wrinkle wrist wristwatch written wrong
    wrote yacht yak yard year yeast yen yesterday yet yoke zebra zero zoo
    """)
