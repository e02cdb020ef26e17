"""Word lists for the rules, in lower case."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NO_CONTENT = _words("""
    the and but for with from into onto that this these those there here what who whom whose why how when where which
    you your yours him her his hers its them they their she are was were been being have has had does did doing
    will would can could shall should may might must not nor yet out off over under again more most some any all both
    each few than too very just now then about after before while until upon our ours let get got one say ask tell yes
""")
"""Words that don't say what a choice is about; words of one or two letters never do."""

PAST_FORMS = _words("""
    was were had did went came took saw felt said told gave got knew thought found heard stood sat ran made kept held
    left led lost fell met began drew threw wore woke rose spoke broke chose drove rode swam sang sank drank ate bent
    built bought brought caught fought crept swept slept wept leapt knelt dealt meant slid spun clung swung hung shook
    tore swore grew flew blew laid paid sent spent lent stuck struck shot hid bit lit won dug
""")
"""Irregular verbs in the past tense. Not "put", "let", "set", "cut", "hit", "read": their present is the same."""

NO_PAST = _words("need feed heed weed bleed speed breed seed proceed succeed exceed shed wed embed")
"""Verbs in the present tense that look like the past."""

NO_FIRST_NAMES = _words("""
    mr mrs ms miss dr sir dame lord lady king queen prince princess captain commander colonel major sergeant lieutenant
    admiral general corporal private chief doctor nurse professor father mother brother sister uncle aunt grandmother
    grandfather grandma grandpa granny gran nana mama mamma papa mum mom ma pa dad daddy mummy duke duchess count
    countess baron baroness master mistress madam madame saint emperor empress judge sheriff deputy marshal inspector
    detective constable officer mayor bishop abbot abbess prior cook pilot steward porter guard elder cousin don dona
    herr frau monsieur senor senora god gods heaven christmas easter old young little big great north south east west
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december english french spanish german dutch italian roman greek latin chinese japanese indian
    russian american african european turkish arabic persian london paris rome earth mars venus saturn jupiter moon sun
""")
"""Titles, days, months, nationalities and the like, which are capitalised like names."""
