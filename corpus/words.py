"""English word lists that decide the grammar of a label: what can be done, what can be chosen, who is meant.

No part-of-speech tagger: the game reads the player's line with these lists too, so they must load in a millisecond. The
first word of a label nearly always decides. A word in no list is judged by the word after it (`Defenestrate the
mayor`), so a gap in the lists costs a label now and then, but is never an error. The verbs were chosen by hand from all
that occur more than once in some million words, without those that nobody decides to do (`elapse`).

Limits: English. Few past tenses are known, because labels are in the present.
"""


def word_set(text: str) -> frozenset[str]:
    """Return the words of `text`; lists read better as running text."""
    return frozenset(text.split())


DOUBTFUL = word_set("""
    abort abuse ace address advocate ally anchor angle animate annex appeal apprentice approximate archive arm
    articulate auction audit audition author axe babble back badger bag bail balance band bar batter battle bayonet
    beach bicycle bill blackjack blacklist bleach blend blindfold blitz blockade bludgeon blunder board bomb bombard
    bond boost boot bow bowl box boycott brake branch brand breach breed bridge brief broadcast broker brush bulldog
    bundle burrow bustle butcher butter button cage camouflage camp campaign canoe canvass cart cartwheel cash catalogue
    catapult caution cement censor center centre chain channel chaperone charm chart charter chatter chauffeur chicken
    chill chip chomp chronicle chuck churn circle clamour clash clip cloak clone clown club clutter coach coast coat
    code coil comb combat comment commission commute conscript consecrate contest contract control convict cool
    coordinate cork corner correct corrupt counsel count counterfeit court crack cradle craft crane crash crate crib
    crochet crow crown crusade cuff cup curb cure curl curse cushion cycle dam damage debit debut deck decoy defect
    delegate deliberate desert design despatch detail detour deviate diagram diet digest dilute discharge discipline
    discount discredit disgrace disgust dislike disrespect dissent distrust ditch divorce dock document dope dose
    downgrade draft dread dream dredge dress drool drug duck duel dupe duplicate dust dynamite echo edge email embargo
    encounter end endeavor endeavour engineer equal essay exercise exhaust exile export eye eyeball face fan fancy farm
    fashion fast fathom favor favour fawn fax feast feint fence ferment ferret ferry feud figure file film filter
    finance finger fingerprint fire fish fit flag flare flash flavor flicker flock flood floor flounder flutter focus
    foil fool foot ford forecast fork form foster fracture fragment frame freelance fret fuel fund fuss gain garnish gas
    gauge gift gloss glue graft grandstand grant grate grease grimace grime gripe groom grouch guard guide gush hail
    hammer hamper hand handcuff handicap harm hash hassle hatch haunt haze head heap heckle hedge hem herd highlight
    hike hinge hiss hitch hoax honor honour hook hope host hound hurt implement import ink input invoice iron jam jig
    jimmy jockey joust judge jumble jumpstart knight knot knuckle label lace lag land last lather lavish leak lease
    leash leech level leverage levy license light limit link litter live load lobby lock lodge log loop love mail man
    maneuver manicure manoeuvre mark market maroon marshal martyr marvel mash mask masquerade massacre master mastermind
    match mate mature measure mentor merchandise message microwave milk mime mind mine mirror miss mistake mistrust
    model monitor moonlight mortgage mow muddle mug mutter nail name neighbor neighbour network neuter nickname nosedive
    notch note nuke nurse nurture object offset orbit order orient overcharge overhaul overlap overload override overrun
    overturn overwork own pace pack padlock paint pander panhandle panic parade paraphrase parlay part partition party
    patch patent pave pawn pedicure pelt pen pepper perfect perfume pestle pet phone picket picture piggyback pile pilot
    pin pioneer pitch pity place plague plan plant plaster plot plug plumb pocket poise poison police poll pool pop post
    posture pound powder prank precipitate preempt premiere press preview prey price process program programme project
    promenade proof prospect pump puncture puzzle quarry quest question quibble quilt quiz race radiate radio raffle
    raid railroad rake rally ram ramble rampage rap ration ready reason rebel rebound recap recapture record recount
    redress reef referee refit reform refund register regress rehash rein reissue relapse relay remake remand reorder
    repeal replay reprieve reproach requisition rerun respect rest retail retake rewrite rig ring risk rock romance romp
    roost root rope rough round rout route row ruffle rule rumor rumour rust sack safeguard sail sample sandwich saw
    scaffold scale scam scheme school score scorn scout scrap screen screw seal seat segregate sense serenade service
    shade shadow shape share shelter shepherd shield shimmer ship shipwreck shock shop short shortlist shoulder shovel
    shower shudder shuttle side sideline sieve sign signal silence size skateboard ski skin slack slander slate sled
    sledge sleuth slouch slug smell smelt smoke smooch smooth smudge snack snipe snorkel snowboard sober soil sojourn
    solder solo somersault span spark spear spearhead spell spice spike spiral spite splice splinter splurge spoil
    sponge sponsor spoof spool sport spot spotlight sprain spray sprout spy squeak squelch stack stage stake stalemate
    stamp stampede staple state station staunch steam stencil stereotype stew sting stitch stock stockpile stomach stoop
    storm strain strand stream stroke stub study stuff stump style subpoena substitute summit supplement supply surface
    surge surprise swab swagger swarm sweat swell swish syndicate tag tail tailor tally tango tape taper target tarnish
    tattoo tax taxi team tear telegraph temper tender test text thatch thread thrill throttle thumb tile time tint tip
    toast toggle toot torch torture tote tour tout toy track traffic trail train tramp transit transition transplant
    transport trap trash travail trawl treasure trench trickle trigger trip troop trump trumpet truss tune tunnel tussle
    tutor tweak tweet twinkle type umpire underestimate update value varnish vault vent view voice volley waffle wage
    wallop wane ward warrant waste water wave wheel whip whitewash will wind wire wiretap wish witness wonder work wound
    wreck wriggle xerox yap
    """)
"""Verbs that are nouns as often (`Fire`, `Light armour`): they count as verbs only if an object follows."""

VERBS = DOUBTFUL | word_set("""
    abandon abate abbreviate abdicate abduct abet abhor abide abolish abrogate abscond absolve absorb abstain accede
    accelerate accentuate accept acclimate accommodate accompany accomplish accredit accumulate accuse achieve
    acknowledge acquaint acquiesce acquire acquit act activate actualize actuate adapt add adhere adjourn adjudicate
    adjust administer admire admit admonish adopt adore adorn advance advertise advise affirm afflict afford aggravate
    agitate agonize agree aid aim ain't alert align allay allege alleviate allocate allot allow allude alter amass amble
    ambush ameliorate amend amplify amputate amuse analyse analyze annihilate annotate announce annoy annul anoint
    answer antagonize anticipate apologise apologize appear appease append applaud apply appoint apportion appraise
    appreciate apprehend approach approve arbitrate aren't argue arise arouse arrange arrest arrive ascend ascertain
    ascribe ask aspire assail assassinate assault assemble assert assess assign assimilate assist assuage assume assure
    atone attach attack attempt attend attest attract augment authenticate authorise authorize automate avenge avert
    avoid await awaken awe babysit backtrack badmouth bait bake bamboozle ban bandage bang banish baptize bargain barge
    bark barricade barter bash bask bathe bawl be beam beat beautify beckon become befriend beg begin beguile behave
    behead behold believe belittle bellow bend bequeath berate beseech besiege besmirch bestow bet betray bicker bid
    bind bite blab blabber blacken blackmail blame blaspheme blast bleat bleed bless blindside blink block blow bluff
    blurt bluster boast boggle boil bolt book borrow bother bounce brace brag brainstorm brainwash braise brandish brave
    brawl bray break breathe brew bribe brighten bring broaden brood browse brutalize buckle budge build bulldoze bully
    bumble bump burgle burn burp burst bury busk busy buy buzz bypass cackle cajole calculate calibrate call calm can't
    cancel cannibalize cannot capitalise capitalize capitulate capsize captivate capture care caress carry carve cast
    catch categorise categorize cause cauterize caw cede celebrate certify challenge change chant characterise
    characterize charge chase chastise chat cheapen cheat check cheer cherish chew chide chirp chisel choke choose chop
    choreograph christen chuckle chug circulate circumnavigate circumvent civilize claim clamber clamp clank clap
    clarify clasp classify claw clean cleanse clear cleave clench click climb cling clog close clothe cluck clutch
    coalesce coax cobble coddle codify coerce collaborate collapse collate collect collide collude colonise colonize
    combine combust come comfort command commandeer commemorate commence commend commercialize commiserate commit
    commune communicate compare compartmentalize compel compensate compete compile complain complete complicate
    compliment comply comport compose comprehend compromise compute conceal concede conceive concentrate conceptualize
    conclude concoct concur condemn condense condescend condone conduct confer confess confide configure confine confirm
    confiscate conform confound confront confuse congratulate congregate conjure connect conquer consent consider
    consign console consolidate conspire constrain constrict construct construe consult consume contact contain
    contaminate contemplate contend continue contort contradict contravene contribute contrive convene converge converse
    convert convey convince coo cook cooperate cope copy correspond corroborate corrode cosign cough could couldn't
    counter counteract counterattack counterstrike cover covet cower cram crank crave crawl create creep cremate cringe
    criticise criticize croak croon cross crouch crucify cruise crumble crump crumple crunch crush cry cuddle cull
    cultivate curdle curtail curtsy customise customize cut dab dabble dally dampen dance dangle dare darken dart dash
    dawdle daydream dazzle deactivate deal debate debrief debug debunk decamp decant decapitate deceive decelerate
    decentralize decide decimate decipher declare declassify decline decode decommission decompose decompress
    deconstruct decontaminate decorate decouple decry decrypt dedicate deduce deduct deem deepen deface defame defeat
    defend defer define deflate deflect deform defraud defray defrost defuse defy degrade dehumanize dehydrate delay
    delete delimit deliver delude delve demand demarcate demean demolish demonise demonize demonstrate demoralize demote
    demystify denigrate denounce deny depart depend depict deplete deplore deploy deport depose deposit depress deprive
    depute derail deride derive descend describe desecrate deserve designate desist despise destabilise destabilize
    destroy destruct detach detain detect determine detest dethrone detonate detoxify detract devalue devastate develop
    devise devote devour diagnose dial dictate diddle didn't die differ differentiate dig digitize dignify dilly-dally
    dim dine dip direct disable disabuse disagree disallow disappear disappoint disapprove disarm disassemble
    disassociate disavow disband disbelieve disburse discard discern disclaim disclose discolor disconnect discontinue
    discourage discover discuss disembark disenfranchise disengage disentangle disfigure disguise disinfect disintegrate
    dislocate dislodge dismantle dismember dismiss dismount disobey disown disparage dispatch dispel dispense disperse
    displace display displease dispose disprove dispute disqualify disregard disrupt diss dissect disseminate dissipate
    dissociate dissolve dissuade distil distill distinguish distort distract distribute disturb dive diversify divert
    divide divulge do dodge doesn't doff domesticate dominate don don't donate doodle doom doss dote double doubt douse
    download downplay downsize doze drag drain dramatize drape draw drench dribble drift drill drink drip drive drop
    drown dry dump dunk dwell earn ease eat eavesdrop edit educate eject elaborate elbow elect electrify electrocute
    elevate elicit eliminate elope elucidate elude emancipate embark embarrass embed embellish embezzle embolden embrace
    embroider emerge emigrate emit empathise empathize emphasise emphasize employ empower empty emulate enable enact
    encapsulate encase enchant encircle enclose encode encompass encourage encroach encrypt endanger endear endorse
    endow endure energise energize enforce engage engender engrave engulf enhance enjoin enjoy enlarge enlighten enlist
    enliven enquire enrage enrich enrol enroll enshrine enslave ensnare ensure entangle enter entertain entice entitle
    entrap entreat entrench entrust enumerate enunciate envelop environ envisage envision equalise equalize equate equip
    eradicate erase erect err escalate escape eschew escort espouse espy establish estimate estrange etch evacuate evade
    evaluate evangelize evaporate evict evoke exaggerate exalt examine excavate exceed except exchange excite exclaim
    exclude excommunicate excuse execute exert exfoliate exhale exhort exhume exit exonerate exorcise expand expect
    expedite expel expend experiment expire explain explode exploit explore expose expound express expropriate expunge
    extend exterminate extinguish extol extort extract extradite extrapolate extricate fabricate facilitate fail faint
    fake fall falsify falter familiarise familiarize fantasize fascinate fasten fatten fear feed feel feign fend
    fertilize fetch fiddle fidget fight fill finalise finalize find finish fix fixate flail flank flap flatten flatter
    flaunt flay flee flex flick flinch fling flip flirt float flog flop flourish flout flush fly foist fold follow
    foment fondle forage forbid force foreclose forego foresee foreshadow forestall foretell forfeit forge forget
    forgive forgo formalize formulate forsake fortify forward freak free freestyle freeze freshen frighten frisk frolic
    frown frustrate fry fulfil fulfill fumble fume fundraise furnish fuse gag gallop galvanize gamble gape gargle
    garrote gasp gather gaze generalise generalize generate gesture get giggle give gladden glance glare glean glide
    gloat glorify gnash gnaw go goad gobble goggle google gossip gouge govern grab grapple grasp gratify graze greet
    grieve grill grin grind grip groan grope grovel grow growl grumble grunt guess gulp gut guzzle hack haggle
    hallucinate halt halve handle hang harass harden harken harmonise harmonize harness harvest hasten hate haul have
    haven't headbutt heal hear hearken heave heed heighten help hesitate hibernate hiccup hide hijack hinder hint hire
    hit hitchhike hoard hobble hobnob hoist hold holler honk hoodwink hoot hop hover howl huddle huff hug hum humanize
    humiliate humor humour hunker hunt hurdle hurl hurry hurtle hush hustle hyperventilate hypnotise hypnotize
    hypothesize idealize identify idolize ignite ignore illuminate illustrate imagine imbibe imbue imitate immerse
    immobilize immortalize immunize impair impale impart impeach impede impel imperil impersonate implicate implore
    imply impose impound impregnate impress imprison improve improvise impugn inactivate inaugurate incapacitate
    incarcerate inch incinerate incite include increase incriminate incubate inculcate indemnify indicate indict
    indoctrinate induce induct indulge infect infer infest infiltrate inflate inflict inform infringe infuriate infuse
    ingest ingratiate inhabit inhale inherit inhibit initialize inject injure innovate inoculate inquire inscribe insert
    insinuate insist inspect inspire instal install instigate instil instill institutionalize instruct insulate insult
    insure integrate intensify interact intercede intercept interconnect interfere interject interlace intermingle
    internalize interpolate interpret interrogate interrupt intersect intervene interview intimidate introduce intrude
    intrust intuit inundate invade invalidate invent invert invest investigate invigorate invite invoke irrigate
    irritate isolate itch itemize jab jeer jeopardise jeopardize jerk jest jettison jog join joke jostle jot juggle jump
    justify keep kick kidnap kill kindle kiss knead kneel knit knock know lament lash lasso latch laud laugh launch
    launder lay laze lead lean leap learn leave lecture leer legalise legalize legislate legitimise legitimize lend
    lengthen lessen let levitate liaise liberalize liberate lick lie lift lighten limp linger liquefy liquidate listen
    litigate loan loathe lob localize locate loiter loll look loom loosen loot lose lounge lowball lower lubricate lull
    lumber lunge lurch lure lurk luxuriate magnify mainline maintain make manage mangle manhandle manipulate march
    marinate marry massage materialise materialize maul maximise maximize meddle medicate meditate meet melt memorialize
    memorise memorize menace mend mention meow merge mesmerise mesmerize mess migrate mimic mingle minimise minimize
    misbehave misconstrue misdirect misinterpret misjudge mislead misplace misread misrepresent misspell mistreat
    misunderstand mitigate mix moan mobilise mobilize mock modernise modernize modify modulate moisten moisturize
    mollify monetise monetize monopolize moo moonwalk mop mope mosey mosh motivate mount mourn move muffle multiply
    mumble munch murder murmur muse must muster mustn't mutate mutilate muzzle nab nag nap narrate nationalise
    nationalize natter naturalize navigate need negate neglect negotiate neigh nestle neutralise neutralize never nibble
    nitpick nod nominate normalise normalize notice notify nourish nudge nullify numb nuzzle obey obfuscate objectify
    oblige obliterate observe obsess obstruct obtain occupy offend offer officiate offload ogle oink omit open operate
    opine oppose oppress opt optimise optimize orchestrate ordain organise organize oust outbid outdo outflank outgrow
    outlast outlive outnumber outpace outperform outplay outrank outrun outscore outsell outshine outsmart outsource
    outstrip outweigh outwit overcome overcompensate overcook overdo overdose overeat overhear overheat overlook overpay
    overplay overpower overreach overreact overrule oversee overshadow oversimplify overspend overstate overstay
    overstep overtake overthrow overwhelm overwrite owe pacify paddle pamper pant parachute paralyse paralyze pardon
    pare park parley parry partake participate pass pat patrol patronise patronize pause pay peck pedal peddle peek peel
    peep peer penalise penalize penetrate perceive perch perform permit perpetrate perpetuate persecute persevere
    persist personalise personalize personify persuade peruse pester petition philander photograph pick pierce pilfer
    pillage pinch pinpoint pivot placate play plead please pledge plod plop plough plow pluck plummet plunder plunge
    plunk poach podcast point poke polish pollinate pollute ponder populate portend portray pose possess postpone pounce
    pour pout practice practise praise prance pray preach predict prefer preheat prejudge prepare prepay prescribe
    present preserve preside pressurize presume pretend prevail prevent prick prime print prioritise prioritize
    privatise privatize probe proceed proclaim procrastinate procreate procure prod produce profess prohibit prolong
    promise promote prompt promulgate pronounce proofread prop propagate propel prophesy propose prosecute protect
    protest prove provide provoke prowl prune pry publicise publicize publish puff puke pull pulverize pummel punch
    punctuate punish purchase purge purify purr pursue push put quack quaff qualify quantify quarrel quash quell quench
    queue quicken quieten quip quit quiver quote raise ransack rant rappel ratify rationalise rationalize rattle ravage
    rave raze reach react reactivate read readjust reaffirm realign realise realize reallocate reanimate reap reappear
    rearm rearrange reassemble reassert reassess reassign reassure reboot rebuff rebuild rebuke rebut recalculate recall
    recant recast receive recharge reciprocate recite reckon reclaim reclassify recline recognise recognize recoil
    recollect recombine recommence recommend recommit reconcile reconsider reconstitute reconstruct reconvene recoup
    recover recreate recruit rectify recuperate recurve recuse recycle redecorate redeem redefine redeploy redesign
    redevelop redirect rediscover redistribute redo redouble reduce reel reenact reenter reestablish reevaluate
    reexamine refer refill refinance refine reflect refocus reformulate refrain refresh refuel refurbish refuse refute
    regain regale regret regroup regrow regulate rehabilitate rehearse reheat reignite reimburse reinforce reinstall
    reinstate reintegrate reinterpret reintroduce reinvent reinvigorate reiterate reject rejoice rejoin rejuvenate
    rekindle relate relax relearn release relegate relent relieve relinquish relish relive reload relocate rely remain
    remarry remediate remember remind reminisce remodel remove rename rend renegotiate renew renounce renovate rent
    reopen reorganise reorganize reorient repaint repair repay repeat repel repent rephrase replace replant replenish
    replicate reply report repossess represent repress reprimand reprise reproduce republish repudiate request require
    reread reroute reschedule rescind rescue research resell resemble resent reset resettle reshape reshoot resign
    resist resize resolve resort respond restart restate restock restore restrain restrict restructure resubmit resume
    resurface resurrect resuscitate retain retaliate retell rethink retire retool retort retouch retrace retract retrain
    retreat retrieve retry return reunite reuse revamp reveal revel reverse revert review revisit revitalise revitalize
    revive revolutionise revolutionize reward rewind rewire reword rework ride ridicule rinse rip rise roam roar roast
    rob roleplay roll romanticize rotate rouse rove rub ruin ruminate rummage run rush rustle sabotage sacrifice saddle
    sag salivate salute salvage sanctify sanitize sashay satirize satisfy saunter save savor savour say scald scamper
    scan scare scatter scavenge schmooze scissor scoff scold scoop scoot scorch scour scowl scramble scrape scratch
    scrawl scream screech scribble scrounge scrub scrutinise scrutinize sculpt scurry scuttle search secede sedate
    seduce see seek seethe seize select sell send sensitize separate sequester serve set settle sever sew shackle shake
    sharpen shatter shave shed shelve shift shimmy shine shirk shiver shoot shoplift shorten should shouldn't shout
    shove show shred shriek shrink shrug shuck shuffle shun shut sic sidestep sidle sift sigh simmer simplify simulate
    sing sink sip siphon sit situate skate skedaddle sketch skewer skim skimp skip skulk skydive slacken slam slap slash
    slather slaughter slay sleep sleepwalk slice slide sling slink slip slit slither slog slosh slow slump slurp smack
    smash smear smile smirk smite smother smuggle snag snap snare snarl snatch sneak sneer sneeze snicker sniff sniffle
    snip snitch snoop snooze snore snort snub snuggle soak soar sob socialise socialize soften solicit solidify solve
    soothe sort sow spacewalk spank spar spare speak specialise specialize specify speculate speed spend spew spill spin
    spit splash split spook sprawl spread sprinkle sprint spur spurn squabble squander squash squat squeal squeeze
    squint squirm squish stab stabilise stabilize stagger stalk stall stammer stand standardise standardize stare
    stargaze start startle starve stash stay steady steal steer step sterilize stick stiffen stifle stimulate stipulate
    stir stoke stomp stonewall stop stow straddle strafe straighten strangle strap stray streamline strengthen stretch
    strew stride strike strip strive stroll struggle strum strut stumble stun stutter subdivide subdue subjugate
    submerge submit subscribe subside subsidise subsidize substantiate subtract subvert succeed succumb suck sue suffer
    suffocate sugarcoat suggest sulk summarise summarize summon sunbathe supercharge superimpose supervise supplant
    support suppose suppress surf surmount surpass surrender surround surveil survey survive suspect suspend sustain
    swaddle swallow swap swat sway swear sweep sweeten swerve swig swim swindle swing swipe swirl switch swivel swoop
    sympathise sympathize synchronise synchronize synthesise synthesize tack tackle take talk tame tamper tangle tap
    tarry taste tattle taunt teach tease telephone teleport televise tell tempt tend terminate terrify terrorise
    terrorize testify thank thaw theorize thieve think thrash threaten thresh throw thrust thump thwart tickle tidy tie
    tighten tilt tinker tiptoe tire toil tolerate topple torment toss totter touch toughen tousle tow trace trade
    trample transact transcribe transfer transform transgress translate transmit travel traverse tread treat trek
    tremble trespass trick trim trot troubleshoot trounce trudge trust try tuck tug tumble turn twiddle twirl twist
    twitch unbar unbind unblock unbolt unbox unbuckle unbutton unchain unclasp unclog uncork uncover undergo undermine
    understand understate undertake underwrite undo undress unearth unequip unfasten unfold unfreeze unfriend unfurl
    unhook unify unionize unite unlatch unlearn unleash unload unlock unmask unpack unplug unravel unroll unscramble
    unscrew unseal unseat unsheathe unstrap untangle untie unveil unwind unwrap unzip upend upgrade uphold upload uproot
    upset urge use usher usurp utilise utilize utter vacate vaccinate validate vandalise vandalize vanish vanquish
    vaporise vaporize venerate ventilate venture verify veto vie vilify vindicate violate visit visualise visualize
    vocalize volunteer vomit vote vouch vow waddle wade wager wail wait waive wake walk wallow waltz wander want warm
    warn wash watch waver weaponize weave wed wedge weep weigh welcome weld whack wheedle wheeze whimper whine whinny
    whirl whisk whisper whistle whittle widen wield wiggle win wince wink wipe withdraw withhold withstand won't woo
    worry worship would wouldn't wrangle wrap wreak wrench wrest wrestle wring write writhe yank yawn yearn yell yelp
    yield yodel zap zigzag zip zoom
    """)
"""Verbs that a line for an action begins with, and the auxiliaries that can be in their place."""

ALONE = word_set("""
    abort audition battle camp craft dream duck fish focus hope land panic rally rest sail scout shop smoke study
    surface wave wish wonder work
    """)
"""The ambiguous verbs that mean an action if they stand alone."""

THINGS = word_set("""
    amulet armor armour arrow attic axe bag bakery balcony bank bar barn basement bathroom beach bear bed bedroom bell
    boat bomb book bottle box boy bridge bus cabin car castle cat cathedral cave cellar chapel chest church circle city
    clock closet coin compass computer corridor cottage crossbow crossroads crown crypt dagger desert diary dock doctor
    dog door dragon dungeon dwarf elevator elf exit factory farm field flag flashlight forest fork fountain garage
    garden gate girl goblin gun hall hallway hammer harbor harbour helmet hill horse hospital hotel house human inn
    island jungle kitchen knife lab laboratory ladder lake lamp lantern laptop letter library lighthouse mace mage manor
    mansion map market mask mill mine mirror monster moon motel mountain museum necklace ocean office orchard painting
    palace park path phone pistol pit plane plaza police port potion priest prison pyramid rabbit ranger restaurant
    revolver rifle ring river road rogue roof room ruin ruins school scroll sea shed shield ship shop shore shotgun
    shovel skull spaceship spear square staff staircase stairs station street studio sun swamp sword table tavern temple
    tent theater theatre thief throne tomb torch tower town train tree truck tunnel umbrella van village wall wand
    warehouse warrior well window witch wizard wolf woods
    """)
"""Countable nouns for labels of one word: they get an article."""

STUFF = word_set("""
    agility air anyone anything anywhere beer black blood blue both bread bronze brown chaos charisma charity cheese
    chocolate coffee combat compassion copper courage cunning curiosity darkness death diplomacy duty earth easy either
    endurance everybody everyone everything evil faith false fame family fate female fire food freedom friendship gold
    good gray greed green grey happiness hatred heaven hell honesty honor honour hope ice intelligence iron jewels joy
    justice knowledge law life light lightning logic love loyalty luck magic male meat medium mercy milk money music
    nature neither nobody none nowhere orange order other others peace pink poison power pride purple rage random red
    revenge rope rum science silver somebody someone something somewhere soup space speed stealth steel strength tea
    time treasure true truth vengeance violence violet water wealth weapons whiskey white wine wisdom wood yellow
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
    backwards inside outside in out upstairs downstairs upstream downstream home ahead onward upward downward uphill
    downhill indoors outdoors straight
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
    absolutely agreed ah aha ahem alas alright amen aye bah because bye certainly cheers congratulations damn definitely
    er exactly farewell goodbye greetings ha hello hey hi hm hmm hmmm hush indeed maybe nah nonsense nope not oh ok okay
    oops ouch perhaps please sorry sure thanks ugh uh uhh um wow yeah yep yes yup
    """)
"""Words that open speech, not an action."""
SAID_ALONE = word_set("always crap damn deal enough fine great help interesting never nice really seriously whatever")
"""The words that are speech only if they stand alone."""
SAID_BEFORE_COMMA = word_set("no well right fine look listen wait now so captain")
"""The words that are speech only before a comma: `Well, that was odd`."""
SAID_PAIRS = word_set("""
    of_course thank_you good_morning good_evening good_night good_day good_afternoon good_luck good_bye good_idea
    good_point great_idea me_too me_neither same_here you_too you_there you_first why_yes well_then so_what what_a
    what_an welcome_back better_not rather_not just_a even_better still_no if_you if_i whatever_you as_you as_always
    right_away hands_up no_thanks no_thank no_way no_problem no_need no_i no_you no_we no_it no_deal no_chance no_idea
    no_please let_us what_the my_god my_lord my_lady excuse_me i_see how_dare how_about what_about how_come
    """)
"""Openers of speech that have two words."""

# ---- small words ---------------------------------------------------------------------------------------------

PASTS = word_set("""
    been began bled blew bought broke broken brought built came caught chose chosen crept did done drank drew drove fed
    fell felt fled flew forgotten fought found gave given gone got grew had heard held hid hidden kept knew known lay
    led left lost made meant met rang said sang sat saw seen sent shot slept sold sought spent spoke stole stood swam
    swore taken taught thought threw told took tore was went wept were woke won wore written wrote
    """)
"""Irregular past tenses and participles."""
NUMBERS = word_set("one two three four five six seven eight nine ten few many more most several half number")
OLD = word_set("old young little big poor option")
"""Words that are in small letters before a name, too: old Martha."""
JOINS = word_set("and or of with for from in on at the a an to by but as without")
FOREIGN = word_set(
    "la le les der das dem den el los las il lo gli une ein eine una du des und et mit avec y con zum zur"
)
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
