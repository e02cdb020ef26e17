"""Take the endings off English words, so that what a player types meets what an author wrote.

    base_form("running")    # run
    base_form("coins")      # coin

Limits: by rule, with lists of irregular forms, and without regard for the part of speech: `saw` is always `see`. "My"
and "our" become "your", since a label may say either.
"""

from functools import cache, lru_cache

from corpus.words import GERUNDS, THIRDS, VERBS, word_set
from dungeon.authored import deeds, synonyms

_IRREGULAR = dict(
    pair.split(":")
    for pair in """
    am:be is:be are:be was:be were:be been:be has:have had:have does:do did:do done:do went:go gone:go came:come
    took:take taken:take gave:give given:give made:make said:say told:tell knew:know known:know saw:see seen:see
    got:get gotten:get found:find kept:keep held:hold left:left lost:lose sent:send sold:sell bought:buy brought:bring
    thought:think caught:catch taught:teach ran:run sang:sing sung:sing rang:ring rung:ring drank:drink swam:swim
    began:begin begun:begin broke:break broken:break spoke:speak spoken:speak stole:steal stolen:steal woke:wake
    woken:wake wrote:write written:write rode:ride ridden:ride drove:drive driven:drive ate:eat eaten:eat fell:fall
    fallen:fall flew:fly flown:fly threw:throw thrown:throw grew:grow grown:grow blew:blow blown:blow drew:draw
    drawn:draw shook:shake shaken:shake hid:hide hidden:hide bit:bit bitten:bite slept:sleep wept:weep crept:creep
    swept:sweep felt:feel met:meet fed:feed led:lead fled:flee stood:stand understood:understand sat:sit lain:lie
    lay:lay laid:lay paid:pay heard:hear meant:mean built:build burnt:burn lit:light shot:shoot won:win hung:hang
    dug:dig struck:strike stuck:stick swore:swear sworn:swear tore:tear torn:tear wore:wear worn:wear chose:choose
    chosen:choose froze:freeze frozen:freeze forgot:forget forgotten:forget became:become bent:bend lent:lend
    spent:spend learnt:learn sewn:sew shown:show died:die dying:die lying:lie tying:tie
    men:man women:woman children:child feet:foot teeth:tooth mice:mouse geese:goose wolves:wolf knives:knife
    wives:wife lives:live thieves:thief loaves:loaf halves:half shelves:shelf leaves:leave selves:self oxen:ox
    prof:professor me:i my:my your:my our:my his:his her:her us:we
    1:one 2:two 3:three 4:four 5:five 6:six 7:seven 8:eight 9:nine 10:ten 11:eleven 12:twelve 13:thirteen
    20:twenty 100:hundred 1000:thousand no.:number twice:two thrice:three dozen:twelve colour:color grey:gray
    neighbour:neighbor harbour:harbor
    """.split()
)
_QUALITIES = word_set("""
    big small little tall high long short thin fat old young new hot warm cold wet dry dark bright clean dirty hard soft
    sharp loud quick fast slow near close deep wide broad strong weak light heavy safe happy sad brave sweet late early
    few great poor rich kind fair nice low
    """)
_WHOLE = word_set(
    """
    his us this its is as was gas bus yes always perhaps less across glass grass dress kiss miss pass press toss moss
    cross boss class guess mess brass chess princess mistress bless hiss besides towards alas news series canvas
    during thing nothing something anything everything king ring sing bring spring string wing sting morning evening
    ceiling being red bed need seed feed speed weed shed sled hundred indeed exceed bleed breed greed sacred instead
    ahead dead bread head thread spread ready tread
    """
)


@lru_cache(maxsize=20_000)
def base_form(word: str) -> str:
    """Return `running`, `coins`, `took` as `run`, `coin`, `take`; a word without an ending is itself."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _WHOLE or len(word) < 4:
        return word
    if word in GERUNDS:
        return GERUNDS[word]
    if word in THIRDS:
        return THIRDS[word]
    if word.endswith("ing") and len(word) > 5:
        return _of_verb(word[:-3], word)
    if word.endswith("ed") and not word.endswith("ied"):
        return _of_verb(word[:-2], word)
    if word.endswith(("ies", "ied")):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return _of_quality(word)


def _of_verb(stem: str, word: str) -> str:
    """Return the verb whose form `word` is, by its stem: `stopp` -> `stop`, `mak` -> `make`."""
    for verb in (stem, stem + "e", stem[:-1]):
        if verb in VERBS or verb in _listed():
            return verb
    if len(stem) < 3:
        return word
    return stem[:-1] if stem[-1] == stem[-2] and stem[-1] not in "lse" else stem


def _of_quality(word: str) -> str:
    """Return `bigger`, `nearest` as `big`, `near`; any other word as it is."""
    for ending in ("er", "est"):
        stem = word.removesuffix(ending)
        if stem != word:
            for quality in (stem, stem + "e", stem[:-1], stem[:-1] + "y"):
                if quality in _QUALITIES:
                    return quality
    return word


@cache
def _listed() -> frozenset[str]:
    """Return the words of the classes, as they are written there."""
    return frozenset(" ".join((*deeds.ALL, synonyms.THINGS, synonyms.MANNERS)).replace(";", " ").split())
