"""Telling a turn to a voice that misbehaves: what is heard, how often it is asked again, and that it always ends."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from itertools import repeat

import msgspec
import pytest

from corpus.turns import Kind
from dungeon.errors import ContextOverflow
from dungeon.generation.generate import (
    BANNED_PHRASE_LEFT_OUT,
    LOOPED,
    GeneratedTurn,
    StreamStats,
    generate,
    turn_policy,
    turn_request,
)
from dungeon.storyteller.request import GenerationParams, GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.lore import Lore
from dungeon.tale.prose import sentence_end

CIRCLE = "\nThe door is old. It is old and it is old and it is old and it is old and it is old."
BEFORE = "The knocking stops at once. Somebody behind the door draws a long and careful breath."


Says = Callable[[GenerationRequest], Iterator[str]]


class Voice:
    """A storyteller that writes one answer after the other; the last for ever. Pieces are about a token each."""

    name = "fake"
    context_size = 2048
    is_local = deterministic_prefill = False
    fingerprint = cached_text = ""
    cached_tokens = None

    def __init__(self, says: list[str | Says]) -> None:
        self.says = says
        self.sampling = Sampling()
        self.requests: list[GenerationRequest] = []
        self.pieces = 0
        self.left_early = 0
        """How often somebody left before the end of the stream."""

    async def start(self) -> None:
        """It is always there."""

    async def close(self) -> None:
        """It stays."""

    async def evict_suffix(self, prompt: str) -> None:
        """It has no cache."""

    async def count_tokens(self, texts: Sequence[str]) -> None:
        """It can't count."""

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[str]:
        self.requests.append(request)
        says = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        self.left_early += 1
        for piece in pieces(says) if isinstance(says, str) else says(request):
            self.pieces += 1
            yield piece
        self.left_early -= 1


def pieces(text: str) -> Iterator[str]:
    return (text[start : start + 4] for start in range(0, len(text), 4))


class Player:
    """Where a turn is generated, and what was shown of it."""

    def __init__(self, *says: str | Says, **sampling: object) -> None:
        self.voice = Voice(list(says))
        self.shown: list[str] = []
        self.stats: list[StreamStats] = []
        self.adventure = Adventure(1, "The door", "You stand before the iron door.", lore=Lore())
        self.adventure.add(Node(1, None, Kind.DO, "knock", "You knock.", BEFORE, State.DONE))
        self.node = Node(2, 1, Kind.DO, "open the door", "You open the door.")
        self.adventure.add(self.node)
        self.params = GenerationParams(
            msgspec.convert(msgspec.structs.asdict(Sampling()) | sampling, Sampling), seed=7, budget=1000
        )

    async def generate(self, params: GenerationParams | None = None, prefix: str = "") -> GeneratedTurn:
        def on_prose(prose: str, stats: StreamStats) -> None:
            self.shown.append(prose)
            self.stats.append(stats)

        params = params or self.params
        request = turn_request(self.adventure, self.node, params, prefix)
        return await generate(self.voice, request, turn_policy(self.adventure, self.node, params), on_prose)

    def took_nothing_back(self) -> bool:
        """Whether every whole sentence that was heard stayed."""
        return all(
            now.startswith(before[: sentence_end(before)])
            for before, now in zip(self.shown, self.shown[1:], strict=False)
        )


# ---- as it should be -----------------------------------------------------------------------------------------


async def test_a_turn_is_heard_as_it_grows() -> None:
    player = Player('\nThe door opens. "Who is there?" somebody asks. A lamp burns low.')
    answer = await player.generate()
    assert answer.prose == 'The door opens. "Who is there?" somebody asks. A lamp burns low.'
    assert answer.notes == ()
    assert len(player.shown) > 10
    assert player.took_nothing_back()
    assert len(player.voice.requests) == 1
    assert player.stats[-1].tokens == player.voice.pieces


async def test_speech_that_the_budget_breaks_off_is_closed() -> None:
    player = Player('\nThe door opens. Hessa says, "Go in. Be quick. The others will')
    assert (await player.generate()).prose == 'The door opens. Hessa says, "Go in. Be quick."'


# ---- the output policy ------------------------------------------------------------------------------------------


async def test_the_players_speech_is_never_heard_and_ends_the_turn() -> None:
    told = "The door opens, and a cold wind comes out of it."
    player = Player(f'\n{told} You say, "I come in peace," and bow.\n\nNobody answers.', length=30)
    assert (await player.generate()).prose == told
    assert not any("peace" in prose or "You say" in prose for prose in player.shown)
    assert player.voice.pieces < 25  # nobody waits for the rest
    assert len(player.voice.requests) == 1


async def test_a_few_words_before_the_players_part_are_too_little_and_told_on() -> None:
    player = Player('\nThe door opens. You say, "I come in peace."', " A cold wind comes out of it.")
    assert (await player.generate()).prose == "The door opens. A cold wind comes out of it."
    first, second = player.voice.requests
    assert second.prompt == first.prompt + "\nThe door opens."
    assert second.params.seed != first.params.seed
    assert player.took_nothing_back()


async def test_a_voice_that_will_play_the_player_is_left_with_the_few_words_before() -> None:
    player = Player('\nThe door opens. You say, "I come in peace."', ' "Peace," you say.')
    assert (await player.generate()).prose == "The door opens."
    assert len(player.voice.requests) == 3


async def test_a_sentence_of_the_last_turn_is_left_out_without_being_heard() -> None:
    player = Player("\nThe door opens. Somebody behind the door draws a long and careful breath. A lamp burns low.")
    answer = await player.generate()
    assert answer.prose == "The door opens. A lamp burns low."
    assert not any("Somebody" in prose for prose in player.shown)
    assert len(player.voice.requests) == 1


async def test_an_assistants_answer_is_none_and_asked_for_again() -> None:
    player = Player("\nSure! Here is a story about a door:\n\n1. The door", "\nThe door opens.")
    answer = await player.generate()
    assert (answer.prose, answer.notes) == ("The door opens.", ())
    assert len(player.voice.requests) == 2


async def test_what_is_not_one_sentence_is_asked_for_again_but_better_than_nothing() -> None:
    player = Player("\nThe door and the wall", "\nThe door opens.")
    assert (await player.generate()).prose == "The door opens."
    player = Player("\nThe door and the wall")
    assert (await player.generate()).prose == "The door and the…"
    assert len(player.voice.requests) == 3


# ---- circles -------------------------------------------------------------------------------------------------


async def test_a_voice_in_a_circle_is_asked_once_more_from_where_it_was_good_and_the_player_is_told() -> None:
    player = Player(CIRCLE, " Behind it a stair goes down.")
    answer = await player.generate()
    assert answer.prose == "The door is old. Behind it a stair goes down."
    assert answer.notes == (LOOPED,)
    first, second = player.voice.requests
    assert second.prompt == first.prompt + "\nThe door is old."
    assert second.params.seed != first.params.seed
    assert second.params.sampling.temperature > first.params.sampling.temperature
    assert second.params.sampling.repeat_penalty > first.params.sampling.repeat_penalty
    assert second.max_tokens < first.max_tokens
    assert player.took_nothing_back()


async def test_a_voice_that_stays_in_its_circle_is_left_with_what_was_good() -> None:
    player = Player(CIRCLE, CIRCLE.removeprefix("\nThe door is old."))
    answer = await player.generate()
    assert (answer.prose, answer.notes) == ("The door is old.", (LOOPED,))
    assert len(player.voice.requests) == 2


async def test_the_last_turn_told_again_is_a_circle() -> None:
    player = Player("\n" + BEFORE, "\nThe door opens.")
    answer = await player.generate()
    assert (answer.prose, answer.notes) == ("The door opens.", (LOOPED,))
    assert not any("knocking" in prose for prose in player.shown)


async def test_the_player_who_set_the_sampling_higher_gets_nothing_colder() -> None:
    player = Player(CIRCLE, " A stair.", temperature=1.8, repeat_penalty=1.6, dry_multiplier=2.0)
    await player.generate()
    assert player.voice.requests[1].params.sampling == player.params.sampling


# ---- banned phrases and stop strings -------------------------------------------------------------------------


async def test_a_banned_phrase_is_told_otherwise() -> None:
    player = Player("\nThe door opens. A Shiver  runs down", " cold wind comes out.", banned=("shiver runs",))
    answer = await player.generate()
    assert answer.prose == "The door opens. A cold wind comes out."
    assert answer.notes == ()
    first, second = player.voice.requests
    assert second.prompt == first.prompt + "\nThe door opens. A"
    assert second.params.seed != first.params.seed
    assert not any("hiver" in prose for prose in player.shown)
    assert player.took_nothing_back()


async def test_a_voice_that_keeps_to_a_banned_phrase_loses_the_sentence() -> None:
    player = Player("\nThe door opens. A shiver runs", " shiver runs down", banned=("shiver",))
    answer = await player.generate()
    assert (answer.prose, answer.notes) == ("The door opens.", (BANNED_PHRASE_LEFT_OUT,))
    assert len(player.voice.requests) == 4


async def test_of_a_banned_phrase_in_the_first_sentence_nothing_is_left() -> None:
    player = Player("\nA shiver runs", banned=("shiver",))
    answer = await player.generate()
    assert (answer.prose, answer.notes) == ("", (BANNED_PHRASE_LEFT_OUT,))
    assert len(player.voice.requests) == 6


async def test_a_part_of_a_word_is_not_banned() -> None:
    player = Player("\nThe doors open.", banned=("door", " "))
    assert (await player.generate()).prose == "The doors open."


async def test_a_stop_string_ends_the_turn_as_an_action_does() -> None:
    player = Player("\nThe door opens. THE WATCH comes.", stop=("THE WATCH", ""))
    assert (await player.generate()).prose == "The door opens."
    assert not any("THE" in prose for prose in player.shown)


# ---- never a hang --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", ["", "\n\n", "> You run.", "\n### Chapter 2", '\nYou say "Hello."'])
async def test_a_voice_that_never_says_anything_is_asked_three_times(nothing: str) -> None:
    player = Player(nothing)
    answer = await player.generate()
    assert answer.prose == ""
    assert len({request.params.seed for request in player.voice.requests}) == len(player.voice.requests) == 3


async def test_a_voice_that_finds_no_beginning_is_given_one() -> None:
    player = Player("> You run.", "", " hear steps.")
    assert (await player.generate()).prose == "You hear steps."
    second, third = (request.prompt for request in player.voice.requests[1:])
    assert second.endswith("> You open the door.\n\nThe")
    assert third.endswith("> You open the door.\n\nYou")
    assert not any(prose.startswith("The") for prose in player.shown)


async def test_a_beginning_that_the_voice_does_not_take_up_is_not_told() -> None:
    player = Player("", "\nAt last.")
    assert (await player.generate()).prose == "At last."
    assert not any("The" in prose for prose in player.shown)


async def test_a_tale_in_another_language_gets_no_english_beginning() -> None:
    player = Player("", "Tu écoutes.")
    player.adventure = Adventure(1, "La porte", "Tu es devant la porte de fer.")
    player.node = Node(2, None, Kind.DO, "attendre", "Tu attends.")
    player.adventure.add(player.node)
    assert (await player.generate()).prose == "Tu écoutes."
    assert player.voice.requests[0].prompt == player.voice.requests[1].prompt


@pytest.mark.parametrize("piece", [" ", "\n", "word ", "> ", "x" * 10_000_000, "."])
@pytest.mark.parametrize("drain", [True, False])
async def test_a_stream_without_end_ends(piece: str, drain: bool) -> None:
    player = Player(lambda _: repeat(piece))
    params = GenerationParams(player.params.sampling, 7, 1000, drain)
    answer = await player.generate(params)
    assert len(answer.prose) < 10_000
    assert len(player.voice.requests) <= 4
    assert player.voice.pieces <= 4 * 101


async def test_a_voice_that_does_everything_wrong_is_left_in_the_end() -> None:
    wrong = ["\nA shiver.", CIRCLE, "", "\nA shiver.", CIRCLE, "> You run.", "\nA shiver.", CIRCLE, "", "\nA shiver."]
    player = Player(*wrong, banned=("shiver", "door"))
    await player.generate()
    assert len(player.voice.requests) <= 8


# ---- once more -----------------------------------------------------------------------------------------------


def by_seed(request: GenerationRequest) -> Iterator[str]:
    """A voice that depends on what it is asked and on nothing else, and is in circles at first."""
    return pieces(
        CIRCLE if request.params.seed == 7 else f" Seed {request.params.seed} at {request.params.sampling.temperature}."
    )


async def test_the_same_request_gives_the_same_turn_however_many_attempts_it_takes() -> None:
    first, again = Player(by_seed), Player(by_seed)
    assert await first.generate() == await again.generate()
    assert len(first.voice.requests) == 2
    assert again.voice.requests == first.voice.requests


def refuses(_: GenerationRequest) -> Iterator[str]:
    raise ContextOverflow("too long")


async def test_a_prompt_that_is_too_long_is_the_callers_to_shorten() -> None:
    with pytest.raises(ContextOverflow):
        await Player(refuses).generate()


async def test_a_turn_that_grew_too_long_for_the_server_ends_with_what_came() -> None:
    player = Player(CIRCLE, refuses)
    assert (await player.generate()).prose == "The door is old."


# ---- a turn that has begun already ---------------------------------------------------------------------------


async def test_a_turn_goes_on_behind_what_was_said_already() -> None:
    player = Player(" burns low.")
    answer = await player.generate(prefix="\nThe door opens. A lamp")
    assert answer.prose == "The door opens. A lamp burns low."
    assert player.shown[0] == "The door opens. A lamp"
    (request,) = player.voice.requests
    assert request.prompt.endswith("> You open the door.\n\nThe door opens. A lamp")
    assert request.max_tokens < 100


@pytest.mark.parametrize(
    "prefix", ["\nThe door opens.\n\n> You run.", "\nThe door opens.\n>", "\n" + "The door opens. A lamp burns. " * 12]
)
async def test_a_turn_that_is_over_already_is_not_asked_for(prefix: str) -> None:
    player = Player("\nNever.")
    answer = await player.generate(prefix=prefix)
    assert answer.prose.startswith("The door opens.")
    assert not player.voice.requests or player.voice.requests[0].prompt.endswith("burns.")


async def test_a_beginning_that_is_nothing_is_forgotten() -> None:
    player = Player("\nThe door opens.")
    assert (await player.generate(prefix="> You run")).prose == "The door opens."
    assert "You run" not in player.voice.requests[0].prompt


# ---- with a seed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "over", [" You say", "\n\n>", "\n\n### Chapter 2", " It is old and old and old and old and old"]
)
async def test_a_seeded_game_listens_to_the_end_of_what_it_does_not_show(over: str) -> None:
    text = f'\nThe door opens.{over} "No." And on.'
    player = Player(text, "")
    await player.generate(GenerationParams(player.params.sampling, 7, 1000, drain=True))
    assert player.voice.left_early == 0
    hasty = Player(text, "")
    await hasty.generate()
    assert hasty.voice.left_early == 1
