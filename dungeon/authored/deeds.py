"""What is done in the choices of stories, in classes of verbs and phrases that mean nearly the same.

A class ends with a semicolon, and its first word names it. Underscores join the words of a phrase. A word may be in
several classes, one for each of its senses. Whoever adds a verb adds it where a thesaurus would have it, in its base
form: `dungeon.authored.terms` reads `went` and `going` as `go`.

Limits: English. Nouns of the same deed (a tug, a song) are in the classes too, so a class is not a part of speech.
"""

MOVING = """
    go walk stroll head move proceed travel march trek wander make_for make_way set_off set_out go_on_over journey
    step tread pace amble tramp roam saunter trudge carry_on_to be_off hike get_going wend; run race dash sprint
    hurry rush bolt hasten speed dart tear scurry gallop charge hurtle jog trot make_haste quick_march hustle
    scamper; climb ascend clamber scale mount go_up get_up_on climb_up scramble shin; descend go_down climb_down
    come_down get_down slide_down step_down head_down; creep sneak slip crawl steal_away tiptoe slink sidle edge
    inch prowl steal_past; enter go_in go_into come_in step_in step_into get_in get_into walk_in walk_into go_inside
    head_inside go_through step_through pass_through come_into; leave depart exit go_out get_out go_away walk_out
    step_out walk_away go_off clear_out move_out leave_alone come_out take_off get_away; flee run_away escape
    break_free get_away run_off make_a_run run_for_it bolt clear_off break_out retreat flight; return go_back
    come_back turn_back head_back walk_back run_back get_back back go_home head_home; come approach draw_near
    come_along near get_closer go_up_to step_up come_over advance go_closer come_closer; follow chase pursue trail
    track trace go_after walk_after run_after tail shadow walk_behind come_after go_with tag_along keep_after
    stay_behind go_along_with go_behind; accompany join go_with come_with come_along go_together walk_with
    travel_with take_along bring_along; lead guide show_the_way bring escort conduct usher steer; cross traverse
    go_across walk_across get_across go_over step_over wade ford; pass go_past walk_past get_past go_by overtake
    slip_by slip_past run_past; go_on carry_on continue keep_going push_on press_on keep_on move_on walk_on proceed
    keep_walking march_on ride_on go_ahead resume persist carry_on_with push_forward hold_course; jump leap hop
    spring bound vault skip dive_off jump_off; dive plunge jump_in jump_into submerge go_under duck_under; swim
    paddle wade float_over bathe; fly soar glide flap take_wing take_off take_to_the_air hover flutter; float drift
    glide waft be_carried let_go_by; fall tumble drop_down collapse topple faint sink pass_out swoon keel_over;
    slide slip slither skid coast; ride gallop trot canter mount_up sit_astride get_on_a_horse saddle_up; drive
    steer pilot take_the_wheel take_the_helm navigate man_the_wheel motor; sail set_sail put_to_sea put_out voyage
    cruise navigate cast_off weigh_anchor; row paddle pull_the_oars scull oar; land touch_down alight put_ashore
    come_ashore set_down_on dock moor; turn rotate spin twist swivel revolve twirl whirl wheel turn_around
    turn_round wind pivot; limp hobble stagger stumble totter shuffle struggle_on; board get_on get_aboard
    climb_aboard come_aboard go_aboard climb_on jump_on embark hop_on step_aboard; get_off dismount climb_off
    hop_off disembark climb_down jump_down alight; step_back back_away back_off draw_back retreat withdraw step_away
    fall_back stand_back keep_away move_back step_aside move_aside; visit call_on look_in_on go_see go_and_see
    drop_in meet; meet encounter greet run_into welcome; arrive reach get_there come turn_up show_up appear; lean
    bend stoop bow_over incline bend_down lean_over bend_over; circle go_around go_round walk_around walk_round
    skirt orbit; dance waltz jig twirl sway skip prance; reverse back_up go_backward; overtake catch_up pass outrun;
    lure draw lead entice; spread_out separate scatter split_up go_separate_ways; get_out step_out hop_off hop_out
    climb_out come_out go_out get_off climb_down jump_out crawl_out; get_in hop_in climb_in jump_in step_in come_in
    go_in crawl_in squeeze_in; stroll saunter walk promenade take_a_walk go_for_a_walk; cross_over go_over;
    slow_down brake ease_off go_slower; speed_up go_faster hurry_up faster accelerate step_on_it; lean_out look_out
    poke_head_out; wander roam stray; find_the_way out_of_here; make_for aim_for head_for bear_toward; leave scram
    beat_it bail vamoose clear_off be_gone; climb get_on_top go_up walk_up; ride mount get_on; come_along join
    come_with; carry_on keep_at_it stick_with_it; escape get_out flee; march stride parade; go get_moving
    get_a_move_on; run make_a_break_for make_a_dash_for; leave get_lost go_elsewhere; flee get_out_of_here
    take_to_my_heels; go_first lead; go_last follow; spread_wings fly; swim paddle dog_paddle;
    """

PLACING_ONESELF = """
    sit sit_down seat perch take_a_seat settle plop squat settle_down be_seated; stand rise get_up stand_up
    arise_feet rise_to_feet; lie lie_down recline stretch_out lie_flat lie_back; kneel genuflect get_down_on_knees
    drop_to_knees go_down_on_knees; crouch duck squat hunch cower stoop huddle; wait stay remain linger stick_around
    hang_about hold_on bide sit_tight stand_by await hang_on stay_put tarry stand_still stay_here; do_nothing
    stand_still keep_still hold_still stay_still stay_put not_move sit_still freeze keep_quiet_and_still lie_still;
    hide conceal duck_behind duck_under take_cover keep_out_of_sight stash lurk lie_low bury put_out_of_sight
    tuck_away; sleep doze nap rest slumber snooze go_to_bed go_to_sleep fall_asleep drift_off nod_off get_some_sleep
    shut_eyes drop_off close_my_eyes catch_some_sleep take_a_nap have_a_nap dream; rest relax take_a_break
    take_a_rest catch_breath settle_down have_a_rest take_it_easy; wake awaken awake rouse wake_up stir get_up
    shake_awake; hang dangle swing suspend; live dwell stay reside survive; lie_in_wait ambush; rise stand float_up;
    slump sag sink; lean rest prop; stay_with remain_with keep_company; stay_awake keep_awake not_sleep; sit_beside
    sit_next_to sit_with; stay stand_my_ground hold_my_ground keep_where_i_am not_leave not_go_away; wait
    wait_and_see hold_my_horses bide_my_time be_patient; wait not_move not_budge; not_sleep stay_awake; not_stop
    go_on keep_going; not_wait go_now;
    """

SENSING = """
    look see view glance gaze peek peer stare eye look_at behold look_over have_a_look take_a_look have_a_peek
    take_a_peek glimpse peep look_up_at look_into; examine inspect study check look_at look_closely look_over
    investigate scrutinise scrutinize observe survey analyse analyze check_out look_into go_over have_a_closer_look
    explore; watch observe keep_an_eye keep_watch look_out look_on view guard monitor keep_eyes_open keep_lookout
    watch_out look_out_for watch_for keep_my_eyes_on keep_eyes_on; search look_for seek hunt rummage look_around
    look_about go_through comb scour forage find hunt_for search_for try_to_find feel_for dig_through go_looking
    hunt_around look_through poke_around; find discover locate look_for seek track_down get_hold_of spot come_across
    search_out; listen hear eavesdrop lend_an_ear hark give_ear pay_attention hear_out overhear lay_ear put_ear
    heed; feel touch stroke caress pat rub finger put_a_hand_on lay_a_hand_on handle brush run_hand_over
    place_hand_on; stroke pet pat caress fondle scratch; smell sniff scent whiff take_a_sniff inhale; taste try
    sample lick sip nibble take_a_bite have_a_taste; lick lap tongue; notice spot perceive realise realize recognise
    recognize notice; show display reveal present demonstrate let_see hold_out hold_up exhibit point_out; point
    indicate gesture aim point_at point_to; read study peruse look_over pore_over read_aloud read_out recite scan
    leaf_through; recite read_aloud read_out say_aloud declaim chant; look_around look_about look_round
    see_what's_here glance_around take_in; find_out learn discover see_whether see_if check ask inquire; see notice
    spot catch_sight glimpse; compare set_side_by_side; inspect examine check go_over study look_over pore_over
    look_closely take_a_closer_look; prove show demonstrate test; judge decide rule verdict; look_for hunt search
    seek find; look_out watch keep_watch keep_eyes_peeled; listen hark prick_up_ears strain_ears; watch see look;
    listen keep_my_ears_open pay_attention; look keep_my_eyes_open; look_away avert_eyes turn_away; find_out
    figure_out work_out learn; see spot make_out;
    """

HANDLING = """
    take grab seize pick_up get snatch pocket collect lift carry_off grasp catch help_myself pick gather scoop_up
    lay_hold_of take_hold take_up fetch claim; hold grip clutch cling hang_on hold_on hold_tight grasp keep_hold
    clasp hang_onto hold_fast not_let_go clench; hug embrace hold_close hold_tight put_arms_around throw_arms_around
    cuddle cling; fetch bring get go_get collect retrieve bring_back go_for go_and_get carry; carry bear haul bring
    transport lug cart take_to haul tote take_along; keep retain hang_onto hold_onto save not_give hold_back
    preserve; give hand offer pass present hand_over deliver grant donate bestow pass_over slip let_have give_away
    provide; offer propose give hold_out suggest present extend tender; feed give_food nourish let_eat give_to_eat;
    lend loan let_borrow; borrow loan ask_for_the_loan; return give_back hand_back put_back bring_back take_back
    restore send_back; put place set lay deposit stick position stow slip pop plop stash rest drop insert put_down
    set_down tuck; put_down set_down lay_down drop let_go lower put_aside lay_aside lay_by; drop let_fall let_go
    release lose let_drop; let_go release free unhand loosen_grip let_loose set_free set_loose turn_loose let_out;
    throw toss hurl fling chuck cast lob pitch sling pelt shy heave dump flip; catch capture grab trap snare hold
    intercept nab seize apprehend arrest; pull tug drag haul yank draw tow jerk heave hoist pluck pull_out wrench
    wind_in reel_in; push shove press thrust nudge propel move_aside barge jostle roll; lift raise hoist pick_up
    heave elevate hold_up put_up bring_up; lower let_down bring_down take_down drop_down; roll wheel trundle tumble;
    shake rattle jiggle jolt rock wobble; wave signal gesture beckon flag flap motion swing brandish wave_at; signal
    sign beckon alert give_a_sign make_a_sign; squeeze press pinch crush hug nip; rub scrub polish massage stroke
    wipe; knock rap tap bang pound hammer thump beat; open unlock unbar unbolt unseal pry_open lift_the_lid prise
    unlatch unfasten uncover undo crack_open; unlock turn_the_key use_the_key unbolt undo; close shut slam seal lock
    bar bolt; lock bolt bar secure latch padlock fasten; cover wrap hide put_over drape blanket bury; fill stuff
    load pack top_up cram; empty pour_out tip_out drain clear turn_out pour unload dump; pour tip spill empty decant
    splash sprinkle; load stack heap fill pile pack; pack bag gather_my_things stow put_in_bag; hang suspend hook_up
    string; tie bind fasten rope knot lash secure attach hitch strap tether truss make_fast tie_up; untie unbind
    loosen release unfasten undo unhook cut_loose free unrope loose; attach fasten fix hook pin clip stick connect
    join nail glue; cut slice slash chop saw carve hack sever snip trim cut_through; tear rip shred tear_up tear_off
    pull_apart rip_up; break smash shatter crack destroy wreck snap bust splinter break_open batter demolish
    break_down knock_down; bend twist fold flex warp; fold crease bend; dig shovel burrow excavate scoop dig_up
    unearth; bury inter lay_to_rest cover_with_earth put_underground; plant sow put_in_the_ground set_in_the_earth;
    build make construct assemble put_together erect set_up; make build create craft produce fashion form prepare;
    mend repair fix patch restore put_right sew darn fix_up glue; sew stitch darn mend knit; clean wash wipe scrub
    rinse sweep scour mop bathe dust polish launder; wipe dry dab mop rub clean brush_away; dry wipe towel wring;
    wet soak dip drench moisten splash water; dip soak dunk plunge submerge; light kindle ignite set_fire set_alight
    strike_a_match spark fire burn set_on_fire set_light; burn set_fire set_alight set_on_fire torch scorch
    incinerate throw_in_the_fire; extinguish put_out blow_out douse snuff quench turn_off smother switch_off; blow
    puff blow_into; breathe respire; breathe_in inhale draw_breath take_a_breath breathe_deep; breathe_out exhale
    let_out_breath let_the_air_out let_all_the_air_out blow_out; wear put_on don dress pull_on slip_on try_on
    slip_into; undress take_off remove strip pull_off slip_off doff shed; remove take_away take_out take_off
    pull_out clear get_rid_of extract; change swap switch exchange trade replace alter substitute; use employ apply
    operate work wield try make_use; switch_on turn_on start activate power_up; stop halt cease quit end break_off
    give_up leave_off call_off put_an_end_to finish desist; start begin commence launch set_going open kick_off
    get_started set_about get_going; press push click hit tap; ring toll chime sound strike peal; play perform
    strike_up toot blow sound make_music pluck; blow_horn toot honk sound; whistle toot pipe blow; beat drum pound
    strike bang thump hit; paint daub brush colour color draw; draw sketch trace doodle outline; write jot note
    scribble pen scrawl put_down_on_paper set_down compose write_down sign_up; sign put_my_name autograph initial
    put_name sign_up; count tally number reckon add_up tot_up; measure weigh gauge; weigh put_on_the_scales balance;
    mark chalk tag label; stick glue paste attach; grease oil lubricate rub; milk draw_milk; saddle harness bridle;
    spread smear scatter strew sprinkle sow; scatter strew sprinkle throw_around; block bar obstruct stop_up plug
    barricade get_in_the_way stand_in_the_way; plug stuff stop_up cork block seal fill; reach stretch extend
    hold_out stick_out put_out; stretch extend reach; pin nail clip tack fix; wind crank turn roll; stamp trample
    step_on tread stomp; give_up hand_over part_with let_go surrender; raise lift hold_up put_up hoist; set_free
    let_go let_out free release turn_loose; smuggle sneak hide slip; swing sway wave; strap tie fasten belt; dress
    clothe put_clothes_on; scrape scratch rub; file sharpen grind; peel skin strip; stir mix blend; mix blend stir
    combine; melt thaw warm heat; heat warm make_hot; cool chill; drip trickle drop; gather_up scoop_up sweep_up
    collect pick_up; wrap bundle cover roll_up; unwrap unroll uncover unpack open; unpack empty take_out; squeeze
    wring press; wring twist squeeze; drill bore; bang slam knock pound; aim point direct train; hold_up lift raise
    show present; hold_out offer reach present give; stick_out put_out poke_out; pull_up haul_up draw_up raise
    hoist; pull_over stop halt; put_back replace return give_back; put_together join assemble; take_apart dismantle
    undo; turn_over flip roll_over; turn_off switch_off shut_off shut_down kill; hook catch fasten hang; comb brush
    untangle; braid plait; blindfold cover_eyes; shut_eyes close_eyes close_my_eyes shut_my_eyes; open_eyes
    open_my_eyes; wink blink; raise_hand put_up_my_hand put_my_hand_up; cross_out strike_out delete; erase rub_out
    wipe_out remove delete; copy write_out duplicate trace; print type stamp; deliver bring hand_over take_to; leave
    leave_behind abandon desert drop; leave put set lay place; save keep spare; spare save let_live have_mercy
    let_off; waste squander throw_away; throw_away get_rid_of discard dump toss_away chuck_out throw_out bin;
    cut_loose cut_free untie free sever; cut_off sever chop_off; stop_up plug block seal; ring_the_bell
    sound_the_bell pull_the_bell; snatch grab rip_away wrest; give slip pass hand; give entrust leave; throw_down
    drop fling; pull_down tear_down; pull_off remove strip take_off; bring_in let_in admit; let_in admit allow_in
    open_for welcome; lift_up raise; pick pluck gather; set_up erect put_up; put_up erect raise build; put_on wear;
    put_away stow hide; put_out extinguish; take_out remove draw pull_out produce; take_down lower; use_up spend;
    spend pay; fix mend; fix_up mend; fold fold_up; hammer nail; screw twist; hit_the_brakes brake stop; jam stuff
    wedge; wedge jam stick; rip tear; pile stack heap; sort arrange order; arrange set_out order; write_to
    send_a_letter write_a_letter; note_down write; take bring lead carry take_along bring_along; get_rid_of
    throw_away dump; hold_my_breath not_breathe; throw_out get_rid_of; hand_in give deliver; put_in insert load
    drop_in; pull_out draw take_out; take get_my_hands_on grab_hold; lay_down put_down; tie_together join bind;
    hold_hands take_by_the_hand take_hand; take_by_the_hand hold_hands take_hand hold_hand; raise_my_hand
    put_up_my_hand; put_up_my_hand raise_my_hand; make_a_fire light_a_fire start_a_fire; make_camp pitch_a_tent
    set_up_camp camp; not_let_go hold_tight hold_on keep_hold cling; not_touch leave_alone keep_hands_off
    keep_your_hands_off hands_off not_take; not_open keep_shut keep_closed; not_give keep;
    """

EATING = """
    eat bite chew swallow devour munch consume taste gobble nibble gulp_down wolf_down have_a_bite dine finish_off
    polish_off tuck_in eat_up feed have_some; bite nip snap sink_teeth chomp; swallow gulp down eat_up choke_down;
    chew munch gnaw; drink sip gulp swallow quaff swig down drain have_a_drink take_a_sip slurp; cook bake boil
    roast fry brew stew make_dinner; smoke light_up puff have_a_smoke; serve dish_up wait_on hand_round ladle; spit
    spew cough_up; starve fast go_hungry; breakfast dine lunch eat; share_a_meal eat_together dine_with;
    have_another eat_more; toast drink_to; have_breakfast eat; have_supper eat dine; eat grab_a_bite have_a_meal;
    drink take_a_swig have_a_sip wet_my_whistle;
    """

HARMING = """
    kill slay murder execute finish_off stab slaughter put_to_death do_in end_life; attack fight strike assault
    charge battle go_for lunge set_upon rush_at take_on hit; fight battle struggle brawl wrestle duel resist combat
    take_on; hit strike punch beat slap smack kick whack thump clout box clobber slug; kick boot hit; slap smack
    strike cuff swat; poke prod jab nudge dig tickle; tickle poke tease; stab knife pierce stick run_through; shoot
    fire gun_down open_fire pull_the_trigger take_a_shot blast; aim point_at take_aim train level; defend guard
    protect shield stand_up_for stick_up_for cover; guard protect keep_watch watch_over look_after stand_guard mind
    keep_safe; rescue save help free pull_out bring_to_safety; help aid assist lend_a_hand give_a_hand support
    back_up pitch_in; heal cure treat bandage nurse tend dress bind_up close_wound mend patch_up; look_after
    care_for tend nurse mind take_care_of; threaten menace scare frighten intimidate; frighten scare startle spook
    terrify shock alarm give_a_fright; steal rob pinch swipe nick make_off_with lift snatch filch pilfer
    take_without_asking; cheat trick deceive fool con swindle outwit bluff dupe; trick fool deceive play_a_trick
    pretend; pretend fake feign act make_believe let_on play sham make_out make_as_if act_as_if act_like play_dead;
    lie fib deceive tell_a_lie make_up_a_story bluff not_tell_the_truth invent; disguise dress_up mask; surrender
    give_up give_in yield put_up_hands raise_hands hands_up submit give_myself_up turn_myself_in; betray turn_in
    hand_over give_away sell_out inform_on rat_on denounce; arrest catch capture jail lock_up; free release liberate
    let_go set_free cut_loose let_out untie turn_loose rescue; lock_up imprison jail shut_in cage; trap snare ambush
    catch; spy snoop eavesdrop watch; warn alert caution give_warning raise_the_alarm sound_the_alarm tip_off; dare
    risk venture challenge; challenge dare defy provoke confront; confront face stand_up_to challenge tackle accost
    meet; refuse decline reject say_no turn_down deny not_agree won't not_accept; accept agree say_yes consent
    take_the_offer go_along_with approve; obey comply do_as_told do_as_asked follow_orders do_what_he_says
    do_what_she_says do_as_she_says do_as_he_says; ignore disregard pay_no_attention take_no_notice overlook
    pass_over not_listen; marry wed take_as_wife take_as_husband; kiss peck smooch plant_a_kiss give_a_kiss;
    sacrifice give_up trade; wreck sabotage ruin destroy spoil; push_off shove_off; curse hex; drown sink; hang
    string_up; sink scuttle drown; pinch nip tweak squeeze; spoil ruin; hurt harm injure wound; get_help fetch_help
    call_for_help seek_help; stop prevent block hold_back restrain; restrain hold_back hold_down; hold_back restrain
    resist; refuse_to won't; tie_up bind capture; get_even avenge take_revenge; tackle knock_down knock_over
    bring_down wrestle jump_on pounce rush_at throw_down overpower; overpower subdue overcome; attack go_at fly_at
    pitch_into lash_out; spare not_kill let_live; not_fight surrender;
    """

SPEAKING = """
    ask inquire enquire question query request demand find_out want_to_know wonder beg interrogate; beg plead
    implore beseech entreat ask_for pray beg_for request ask; demand insist order require call_for; tell say inform
    explain let_know mention speak state announce report declare answer remark claim point_out say_to; explain tell
    describe clarify make_clear teach account_for; teach instruct train explain show_how educate tutor let_learn
    school coach; answer reply respond retort give_an_answer say_back; speak talk say utter chat converse address
    discuss have_a_word have_a_talk; promise swear vow give_my_word pledge guarantee assure; swear curse vow
    take_an_oath promise; admit confess own_up come_clean acknowledge tell_the_truth; apologise apologize sorry
    forgive beg_pardon say_sorry pardon excuse regret ask_forgiveness; thank thanks grateful gratitude appreciate;
    forgive pardon excuse let_off have_mercy; greet hello welcome say_hello hail hi good_morning good_day salute
    wave_at; goodbye farewell bye say_goodbye take_leave bid_farewell so_long; whisper murmur mutter breathe
    say_softly say_quietly speak_softly say_under_my_breath mumble; shout yell cry scream call holler bellow roar
    call_out cry_out bawl shriek screech shout_out howl raise_my_voice; call shout_for summon send_for name cry hail
    call_for; telephone phone ring call dial; order command tell instruct bid direct; suggest propose advise
    recommend; advise counsel recommend advice tip; offer propose bid; bargain haggle negotiate deal
    strike_a_bargain make_a_deal; persuade convince talk_into coax urge; invite ask_in bid_welcome welcome; complain
    grumble moan protest object; argue quarrel dispute disagree debate row; praise compliment flatter admire;
    flatter compliment butter_up praise; insult mock tease jeer make_fun call_names; joke jest crack_a_joke
    make_a_joke tell_a_joke pun quip; accuse blame charge point_the_finger; blame accuse fault; deny disclaim
    say_it_isn't_so; boast brag show_off; introduce present name; name call christen; vote ballot cast_a_vote elect;
    translate interpret; repeat say_again once_more again from_the_start from_the_top do_again over_again; sing
    chant hum croon strike_up song tune carry_a_tune singing voice; hum croon drone sing tune; laugh giggle chuckle
    burst_out_laughing grin snigger cackle guffaw; smile grin beam; cry weep sob shed_tears burst_into_tears bawl
    wail; sigh groan moan; howl bay wail yowl; bark woof yap; cough clear_throat hem; sneeze atishoo achoo; nod
    bow_head say_yes; shrug; bow curtsy curtsey bend_the_knee make_a_bow; salute stand_to_attention touch_my_cap;
    clap applaud cheer; cheer applaud hurrah; pray say_a_prayer worship; be_quiet hush shut_up silence keep_quiet
    keep_silent say_nothing without_a_word hold_my_tongue keep_my_mouth_shut not_say_a_word stay_silent keep_mum
    bite_my_tongue go_quiet shut_my_mouth stop_talking quiet_down keep_your_mouth_shut hold_your_tongue not_a_word
    fall_silent silently say_no_word no_word stay_quiet not_speak quietly; pull_a_face make_a_face grimace; explain
    tell teach clarify show_how why; ask_about question inquire wonder_about; tell_about describe ask_about;
    tell_truth confess be_honest own_up come_clean admit; keep_secret hide not_tell keep_to_myself; tell_a_story
    spin_a_yarn narrate; confirm say_yes affirm nod agree; object protest contradict disagree; correct put_right
    set_straight; interrupt cut_in break_in; announce proclaim declare make_known; let_know tell inform notify; warn
    tell_beware caution look_out beware watch_out be_careful mind; dedicate devote; bless pray; plead_guilty
    confess; read_aloud read_out read_loud read_it_out; swear promise vow give_word; lie make_up invent pretend;
    cry_for_help shout_for_help call_for_help help; command order give_orders; hush calm quiet silence sh; scold
    tell_off reprimand rebuke; gossip chat; sign_up enlist; claim say insist maintain; mean signify stand_for;
    ask_for request beg demand; call_out shout yell; sing_along join_in sing; talk_to speak_to chat_to
    have_a_word_with speak_with talk_with; talk_about discuss speak_of; agree nod okay consent yes; refuse no nope;
    thank say_thanks; cheer_on encourage; tell_off scold; shout_at yell_at; laugh_at mock make_fun_of; complain
    whine gripe; explain give_reasons; say_nothing zip_it not_answer not_reply not_tell keep_secret; shut_up zip_it
    be_quiet; tell come_out_with blurt_out spill; confess spill_the_beans come_clean; speak_up talk say;
    burst_into_song sing start_singing; burst_into_laughter laugh; say_hi greet; make_peace make_up reconcile;
    insist stick_to_my_story stand_by_it; not_lie tell_truth tell_the_truth; tell_the_truth not_lie be_honest;
    ask_why why; say_yes agree; play_along go_along pretend; play_dumb pretend;
    """

THINKING = """
    think consider ponder reflect wonder reckon muse contemplate mull weigh_up think_over; decide choose
    make_up_mind pick settle; choose pick select opt_for go_for take; guess suppose suspect; know understand realise
    realize be_aware; remember recall recollect think_of think_back; forget leave_behind not_remember
    put_out_of_mind; believe trust accept think; doubt suspect mistrust not_believe; trust rely believe count_on
    have_faith; hope wish pray; want wish desire would_like like need long_for; need require want; like love enjoy
    adore be_fond prefer; prefer rather would_rather sooner; hate loathe detest dislike; fear dread afraid scared
    frightened; worry fret be_anxious; calm soothe comfort console quiet reassure settle hush pacify; comfort
    console soothe cheer_up; encourage cheer_up hearten urge; try attempt test have_a_go give_it_a_try practise
    practice have_a_try experiment taste see_if have_a_shot; test try check probe; learn find_out study discover;
    work labour labor toil; play have_fun gamble; gamble bet wager stake; win beat triumph gain; lose be_beaten; pay
    hand_over_money settle_the_bill cough_up give_money pay_up; buy purchase get pay_for acquire; sell trade_away
    flog; earn make_money; hire employ rent take_on give_a_job offer_a_job job engage; fire dismiss sack send_away;
    trade swap exchange barter; send dispatch ship post mail; send_away dismiss send_off tell_to_go drive_away
    turn_away chase_away; allow let permit give_leave; force make compel; prevent stop keep_from hinder prevent;
    finish end complete be_done_over; judge rule give_verdict try pass_sentence verdict; sentence punish condemn;
    punish discipline whip; prepare get_ready make_ready ready; deliver hand_over bring hand_in; share divide split
    go_halves; split divide halve part; separate part divide; gather collect assemble pick pick_up round_up;
    celebrate party feast; hunt chase stalk track; fish angle cast_a_line; appeal plead; replace put_back swap; grow
    become swell get_bigger; melt thaw; freeze ice_over; die perish pass_away decease dead death deceased gone;
    happen occur go_on take_place go_wrong come_about; mean intend signify; mind care object; care mind matter; owe
    be_in_debt; deserve earn merit; belong own; own have possess; fit suit; miss long_for; regret rue; be_ready
    prepare get_ready; stay_calm keep_calm keep_cool; give_up surrender quit stop; give_in yield; go_along agree
    accept; take_the_blame confess own_up admit take_responsibility say_I_did_it; take_a_chance risk try_my_luck;
    sure certain positive; think_about consider ponder mull_over; think_over consider ponder; make_up_your_mind
    decide; plan scheme plot; plot scheme plan; believe_in trust; understand grasp see; want feel_like fancy;
    wait_for await; hope_for wish; settle_for accept; not_know no_idea not_have_a_clue no_clue have_no_idea not_sure
    not_have_any_idea; not_believe doubt; not_care ignore; not_forget remember; not_remember forget; not_mind;
    not_want refuse; not_worry calm; fail not_succeed; succeed not_fail work manage pull_off;
    """

ALL = (MOVING, PLACING_ONESELF, SENSING, HANDLING, EATING, HARMING, SPEAKING, THINKING)
