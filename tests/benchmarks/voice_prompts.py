"""The prompts of `voice.py`: 120, ten in each of twelve genres.

Five of a genre are openings of its scenarios, each answered as a player might: sensibly, oddly, rudely, off the topic,
or with something impossible. Five are places in the library's stories, after 2 to 12 turns, answered with inputs that
fit anywhere. "" is Enter alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from corpus.actions import read_input
from corpus.story import Story
from dungeon.authored.books import library
from dungeon.scenarios.model import fill_placeholders
from dungeon.scenarios.user import find_scenario
from dungeon.tale.adventure import Adventure, Node, State
from tests.benchmarks.recorded_turns import add_turn
from tests.benchmarks.walks import walk

OPENINGS = {
    "comedy and everyday": {
        "one-grandfather-found": "smell the fish",
        "the-back-half-of-the-horse": '"Neigh."',
        "the-cow-upstairs": "hold up a mirror in front of the cow and lead her down the stairs",
        "the-hamster-inspection": "teach the hamster to play chess",
        "the-wrong-cake": "eat both sugar swans",
    },
    "dark fantasy and horror": {
        "next-stop-fifteen": "drive past the stop without slowing down",
        "cold-nursery": "open the nursery door",
        "hand-in-the-portrait": '"Valentin, whose hand is that?"',
        "voice-in-the-well": "let go of her hand and climb down the well",
        "what-the-rats-know": "stomp on the rat",
    },
    "fairy tale and myth": {
        "one-night-on-the-ferry": "check the dead for a pulse, one after the other",
        "borrowed-shadow": "steal both shadows and run",
        "the-new-troll": '"Why did the chicken cross the bridge?"',
        "the-princess-who-was-not-asleep": "kiss her anyway",
        "the-wolf-at-the-door": "take my bag and follow the wolf",
    },
    "heist and spy": {
        "putting-it-back": "swallow the emerald",
        "glass-heron": "carry the tray to the elevator",
        "the-presidents-double": "drop the glass on the floor",
        "the-price-of-herring": '"Herring is up."',
        "the-sunny-hill-job": "call the police and confess everything",
    },
    "high fantasy": {
        "her-majesty-the-goose": "bow to the goose",
        "dragons-tooth": "tie a rope to the tooth and the other end to the church bell",
        "iron-door": "use the wifi password",
        "the-sword-that-would-not-let-go": '"Our enemy is dust."',
        "walking-wood": "light my coat on fire and wave it",
    },
    "historical": {
        "the-balloon-at-the-north-station": "cut the rope",
        "the-books-of-timbuktu": "google how to hide books",
        "the-broken-message": "run south with the strings",
        "river-tax": '"The old marks are the true ones, Captain."',
        "under-the-arena": "turn the wheel the wrong way",
    },
    "mystery and noir": {
        "a-hole-in-the-coat": "cut the lining open with small scissors",
        "he-says-he-shot-her": "ask the woman on the telephone for her name",
        "ninth-passenger": "count them again, aloud",
        "the-saints-wristwatch": "set my own watch by it",
        "the-wrong-trumpet": "play as badly as I can",
    },
    "post-apocalypse": {
        "a-wedding-at-the-mall": '"Put the crossbow down and have some cake."',
        "the-elephant-at-gate-four": "play the flute for Moti",
        "the-evening-roll-call": "turn the radio off",
        "the-expert": "turn it off and on again",
        "last-orchard": "throw a stone through the glass",
    },
    "sea and pirates": {
        "drowned-bell": "ring the bell as hard as I can",
        "the-false-light": "run to the boat and pull Denzil with me",
        "the-fortune-teller-of-the-red-fleet": "eat the cards",
        "the-girl-at-the-wheel": "drink one of the coffees",
        "the-only-one-who-can-read": '"It says that Silas killed the cook."',
    },
    "space": {
        "a-voice-from-tomorrow": "answer my own voice",
        "dinner-for-nine-arms": "juggle nine potatoes",
        "the-first-step": "follow the footprints",
        "quiet-relay": "take off my helmet",
        "unit-forty": "ask what year it is and then dig straight down to the center of the moon",
    },
    "survival and exploration": {
        "ten-yards-of-rope": "cut the rope",
        "the-lake-that-left": "walk out over the mud to the stone town",
        "the-plane-in-the-trees": "let the hens out",
        "the-warm-stove": "read the diary",
        "tower-six": "signal with the mirror",
    },
    "western": {
        "dry-creek-mail": "open the letter with my own name",
        "the-face-on-the-poster": '"That is my brother, Sheriff. He is much uglier."',
        "the-last-camel-in-texas": "ride the camel into the saloon",
        "the-short-fuse": "run into the tunnel for Lum",
        "two-coffins-by-noon": "tell Rosalie everything",
    },
}
LATER = (
    *("look around", '"Who are you, and what do you want?"', "", "run away as fast as I can", "hit the nearest person"),
    *("sing a song about cheese", '"You smell like a wet goat."', "fly to the moon", "wait and listen", "hide"),
    *('"What is the capital of France?"', "check my pockets", "", "kiss everybody", "ask for help"),
    *("sit down and cry", "go to sleep", '"Tell me the truth."', "turn into a dragon", "xyzzy"),
    *("give all I have to the poorest one here", "climb onto something high", '"I love you."', "pray", ""),
    *("write a poem about the sea", "explain quantum physics", "tell a joke", "go back the way I came", "dig a hole"),
)
"""Inputs that fit anywhere."""
_LENGTHS = (2, 4, 7, 9, 12)
"""Turns before the input, in a library story."""
_WORDS = 75
"""The most words of a turn of the library: as many as a voice's own turns have."""


@dataclass(frozen=True, slots=True)
class VoicePrompt:
    """An adventure whose last turn has no prose yet."""

    genre: str
    source: str
    """The scenario's name, or the story's title and the number of turns."""
    adventure: Adventure
    node: Node
    """The last turn."""


def prompts() -> Iterator[VoicePrompt]:
    """Yield all prompts, the same at every call."""
    stories: dict[str, list[Story]] = {}
    for book in library():
        stories.setdefault(book.story.genre, []).append(book.story)
    later = 0
    for genre, openings in OPENINGS.items():
        for name, line in openings.items():
            scenario = fill_placeholders(find_scenario(name), {})
            yield _prompt(genre, name, Adventure(1, scenario.title, scenario.opening, lore=scenario.lore), line)
        for number, length in enumerate(_LENGTHS):
            story = stories[genre][number % len(stories[genre])]
            source = f"{story.title}, {length} turns"
            yield _prompt(genre, source, _walked(story, length), LATER[later % len(LATER)])
            later += 1


def _prompt(genre: str, source: str, adventure: Adventure, line: str) -> VoicePrompt:
    return VoicePrompt(genre, source, adventure, add_turn(adventure, 1000, line))


def _walked(story: Story, length: int) -> Adventure:
    """Return an adventure of `length` turns: the first random walk through `story` that is long enough."""
    for seed in range(1000):
        turns = list(islice(walk(story, Random(seed)), length + 1))
        if len(turns) > length:
            break
    adventure = Adventure(1, story.title, turns[0].prose)
    for node_id, turn in enumerate(turns[1:], 1):
        adventure.add(Node(node_id, adventure.head, *read_input(turn.action), turn.action))
        adventure.set_prose(node_id, _shortened(turn.prose), State.DONE)
    return adventure


def _shortened(prose: str) -> str:
    """Return the first paragraphs of `prose`: at least one, and more up to `_WORDS` words."""
    kept = ""
    for paragraph in prose.split("\n\n"):
        longer = f"{kept}\n\n{paragraph}" if kept else paragraph
        if kept and len(longer.split()) > _WORDS:
            break
        kept = longer
    return kept
