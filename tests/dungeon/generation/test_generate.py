"""Generating a turn with a voice that misbehaves: the prose that is shown, the attempts, and the end of the turn."""

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
from dungeon.storyteller.capabilities import Capabilities
from dungeon.storyteller.request import GenerationParams, GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.lore import Lore
from dungeon.tale.prose import sentence_end

LOOP = "\nThe door is old. It is old and it is old and it is old and it is old and it is old."
BEFORE = "The knocking stops at once. Somebody behind the door draws a long and careful breath."


Answer = Callable[[GenerationRequest], Iterator[str]]


class Voice:
    """A storyteller that streams one scripted answer after the other, then the last again. A piece is about a token."""

    name = "fake"
    context_size = 2048
    is_local = False
    capabilities = Capabilities(raw_text=True, counts_tokens=False)
    fingerprint = cached_text = ""
    cached_tokens = None

    def __init__(self, answers: list[str | Answer]) -> None:
        self.answers = answers
        self.sampling = Sampling()
        self.requests: list[GenerationRequest] = []
        self.pieces = 0
        self.closed_early = 0
        """How many streams were closed before their end."""

    async def start(self) -> None:
        """Nothing to start."""

    async def close(self) -> None:
        """Nothing to close."""

    async def evict_suffix(self, prompt: str) -> None:
        """There is no cache."""

    async def count_tokens(self, texts: Sequence[str]) -> None:
        """There is no tokenizer."""

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[str]:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.closed_early += 1
        for piece in pieces(answer) if isinstance(answer, str) else answer(request):
            self.pieces += 1
            yield piece
        self.closed_early -= 1


def pieces(text: str) -> Iterator[str]:
    return (text[start : start + 4] for start in range(0, len(text), 4))


class Player:
    """Generates a turn and records what was shown."""

    def __init__(self, *answers: str | Answer, **sampling: object) -> None:
        self.voice = Voice(list(answers))
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

    def kept_shown_sentences(self) -> bool:
        """Whether every complete sentence that was shown stayed."""
        return all(
            now.startswith(before[: sentence_end(before)])
            for before, now in zip(self.shown, self.shown[1:], strict=False)
        )


# ---- good output ---------------------------------------------------------------------------------------------


async def test_a_turn_is_shown_while_it_streams() -> None:
    player = Player('\nThe door opens. "Who is there?" somebody asks. A lamp burns low.')
    answer = await player.generate()
    assert answer.prose == 'The door opens. "Who is there?" somebody asks. A lamp burns low.'
    assert answer.notes == ()
    assert len(player.shown) > 10
    assert player.kept_shown_sentences()
    assert len(player.voice.requests) == 1
    assert player.stats[-1].tokens == player.voice.pieces


async def test_a_quotation_cut_off_by_the_token_limit_is_closed() -> None:
    player = Player('\nThe door opens. Hessa says, "Go in. Be quick. The others will')
    assert (await player.generate()).prose == 'The door opens. Hessa says, "Go in. Be quick."'


# ---- the output policy ------------------------------------------------------------------------------------------


async def test_the_players_speech_is_never_shown_and_ends_the_turn() -> None:
    prose = "The door opens, and a cold wind comes out of it."
    player = Player(f'\n{prose} You say, "I come in peace," and bow.\n\nNobody answers.', length=30)
    assert (await player.generate()).prose == prose
    assert not any("peace" in shown or "You say" in shown for shown in player.shown)
    assert player.voice.pieces < 25  # the stream was closed before its end
    assert len(player.voice.requests) == 1


async def test_a_turn_with_few_words_before_the_players_speech_is_continued() -> None:
    player = Player('\nThe door opens. You say, "I come in peace."', " A cold wind comes out of it.")
    assert (await player.generate()).prose == "The door opens. A cold wind comes out of it."
    first, second = player.voice.requests
    assert second.prompt == first.prompt + "\nThe door opens."
    assert second.params.seed != first.params.seed
    assert player.kept_shown_sentences()


async def test_a_voice_that_keeps_speaking_for_the_player_gives_the_few_words_before() -> None:
    player = Player('\nThe door opens. You say, "I come in peace."', ' "Peace," you say.')
    assert (await player.generate()).prose == "The door opens."
    assert len(player.voice.requests) == 3


async def test_a_sentence_of_the_last_turn_is_left_out_and_never_shown() -> None:
    player = Player("\nThe door opens. Somebody behind the door draws a long and careful breath. A lamp burns low.")
    answer = await player.generate()
    assert answer.prose == "The door opens. A lamp burns low."
    assert not any("Somebody" in prose for prose in player.shown)
    assert len(player.voice.requests) == 1


async def test_an_assistants_answer_is_dropped_and_another_is_requested() -> None:
    player = Player("\nSure! Here is a story about a door:\n\n1. The door", "\nThe door opens.")
    answer = await player.generate()
    assert (answer.prose, answer.notes) == ("The door opens.", ())
    assert len(player.voice.requests) == 2


async def test_less_than_one_sentence_is_requested_again_but_used_if_nothing_better_comes() -> None:
    player = Player("\nThe door and the wall", "\nThe door opens.")
    assert (await player.generate()).prose == "The door opens."
    player = Player("\nThe door and the wall")
    assert (await player.generate()).prose == "The door and the…"
    assert len(player.voice.requests) == 3


# ---- loops ---------------------------------------------------------------------------------------------------


async def test_a_loop_is_retried_once_after_the_last_good_sentence_and_the_player_gets_a_note() -> None:
    player = Player(LOOP, " Behind it a stair goes down.")
    answer = await player.generate()
    assert answer.prose == "The door is old. Behind it a stair goes down."
    assert answer.notes == (LOOPED,)
    first, second = player.voice.requests
    assert second.prompt == first.prompt + "\nThe door is old."
    assert second.params.seed != first.params.seed
    assert second.params.sampling.temperature > first.params.sampling.temperature
    assert second.params.sampling.repeat_penalty > first.params.sampling.repeat_penalty
    assert second.max_tokens < first.max_tokens
    assert player.kept_shown_sentences()


async def test_after_a_second_loop_the_good_sentences_are_the_turn() -> None:
    player = Player(LOOP, LOOP.removeprefix("\nThe door is old."))
    answer = await player.generate()
    assert (answer.prose, answer.notes) == ("The door is old.", (LOOPED,))
    assert len(player.voice.requests) == 2


async def test_a_repeat_of_the_last_turn_counts_as_a_loop() -> None:
    player = Player("\n" + BEFORE, "\nThe door opens.")
    answer = await player.generate()
    assert (answer.prose, answer.notes) == ("The door opens.", (LOOPED,))
    assert not any("knocking" in prose for prose in player.shown)


async def test_a_retry_never_lowers_the_players_sampling() -> None:
    player = Player(LOOP, " A stair.", temperature=1.8, repeat_penalty=1.6, dry_multiplier=2.0)
    await player.generate()
    assert player.voice.requests[1].params.sampling == player.params.sampling


# ---- near names and stock phrases --------------------------------------------------------------------------------


def player_with_names(*answers: str | Answer) -> Player:
    player = Player(*answers)
    player.adventure.opening = "You stand before the iron door with Hessa, who holds the lamp."
    return player


async def test_a_sentence_with_a_near_name_is_generated_again() -> None:
    player = player_with_names("\nThe door opens. Hester looks up. It", " Hessa nods. You wait.")
    answer = await player.generate()
    assert answer.prose == "The door opens. Hessa nods. You wait."
    assert answer.notes == ()
    assert player.kept_shown_sentences()
    first, second = player.voice.requests
    assert second.prompt == f"{first.prompt}\nThe door opens."
    assert second.params.seed != first.params.seed
    assert "It" not in player.shown[-1], "the stream is left at the name"


async def test_a_near_name_that_comes_again_and_again_is_left_out() -> None:
    player = player_with_names(
        "\nThe door opens. Hester looks up. It is dark.", *repeat(" Hester nods. It is dark.", 3)
    )
    answer = await player.generate()
    assert answer.prose == "The door opens. It is dark."
    assert len(player.voice.requests) == 4


async def test_a_near_name_is_kept_where_nothing_else_is_left_of_the_turn() -> None:
    player = player_with_names("\nHester looks up.")
    assert (await player.generate()).prose == "Hester looks up."
    assert len(player.voice.requests) == 4


async def test_a_phrase_of_two_earlier_turns_is_generated_again() -> None:
    player = Player("\nIt opens. She looks at you as if she knew.", " A lamp burns low.")
    player.adventure = Adventure(1, "The door", "You stand before the iron door.", lore=Lore())
    for number in (1, 2):
        prose = f"Number {number} rings. He looks at you as if it were late."
        player.adventure.add(Node(number, number - 1 or None, Kind.DO, "wait", "You wait.", prose, State.DONE))
    player.node = Node(3, 2, Kind.DO, "open the door", "You open the door.")
    player.adventure.add(player.node)
    assert (await player.generate()).prose == "It opens. A lamp burns low."
    assert len(player.voice.requests) == 2


def test_the_initials_of_the_names_end_a_sequence_that_dry_prices() -> None:
    player = player_with_names("")
    request = turn_request(player.adventure, player.node, player.params)
    assert request.params.sampling.dry_sequence_breakers == ("\n", ":", '"', "*", "H")
    assert turn_request(player.adventure, player.node, request.params) == request


# ---- banned phrases and stop strings -------------------------------------------------------------------------


async def test_a_banned_phrase_is_generated_again_in_other_words() -> None:
    player = Player("\nThe door opens. A Shiver  runs down", " cold wind comes out.", banned=("shiver runs",))
    answer = await player.generate()
    assert answer.prose == "The door opens. A cold wind comes out."
    assert answer.notes == ()
    first, second = player.voice.requests
    assert second.prompt == first.prompt + "\nThe door opens. A"
    assert second.params.seed != first.params.seed
    assert not any("hiver" in prose for prose in player.shown)
    assert player.kept_shown_sentences()


async def test_after_repeated_banned_phrases_the_sentence_is_left_out() -> None:
    player = Player("\nThe door opens. A shiver runs", " shiver runs down", banned=("shiver",))
    answer = await player.generate()
    assert (answer.prose, answer.notes) == ("The door opens.", (BANNED_PHRASE_LEFT_OUT,))
    assert len(player.voice.requests) == 4


async def test_a_banned_phrase_in_the_first_sentence_leaves_an_empty_turn() -> None:
    player = Player("\nA shiver runs", banned=("shiver",))
    answer = await player.generate()
    assert (answer.prose, answer.notes) == ("", (BANNED_PHRASE_LEFT_OUT,))
    assert len(player.voice.requests) == 6


async def test_a_part_of_a_word_is_not_banned() -> None:
    player = Player("\nThe doors open.", banned=("door", " "))
    assert (await player.generate()).prose == "The doors open."


async def test_a_stop_string_ends_the_turn() -> None:
    player = Player("\nThe door opens. THE WATCH comes.", stop=("THE WATCH", ""))
    assert (await player.generate()).prose == "The door opens."
    assert not any("THE" in prose for prose in player.shown)


# ---- every turn ends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", ["", "\n\n", "> You run.", "\n### Chapter 2", '\nYou say "Hello."'])
async def test_an_empty_answer_is_requested_three_times(nothing: str) -> None:
    player = Player(nothing)
    answer = await player.generate()
    assert answer.prose == ""
    assert len({request.params.seed for request in player.voice.requests}) == len(player.voice.requests) == 3


async def test_after_an_empty_answer_the_next_attempt_has_a_forced_start() -> None:
    player = Player("> You run.", "", " hear steps.")
    assert (await player.generate()).prose == "You hear steps."
    second, third = (request.prompt for request in player.voice.requests[1:])
    assert second.endswith("> You open the door.\n\nThe")
    assert third.endswith("> You open the door.\n\nYou")
    assert not any(prose.startswith("The") for prose in player.shown)


async def test_a_forced_start_that_the_voice_does_not_continue_is_not_shown() -> None:
    player = Player("", "\nAt last.")
    assert (await player.generate()).prose == "At last."
    assert not any("The" in prose for prose in player.shown)


async def test_a_tale_in_another_language_gets_no_english_forced_start() -> None:
    player = Player("", "Tu écoutes.")
    player.adventure = Adventure(1, "La porte", "Tu es devant la porte de fer.")
    player.node = Node(2, None, Kind.DO, "attendre", "Tu attends.")
    player.adventure.add(player.node)
    assert (await player.generate()).prose == "Tu écoutes."
    assert player.voice.requests[0].prompt == player.voice.requests[1].prompt


@pytest.mark.parametrize("piece", [" ", "\n", "word ", "> ", "x" * 10_000_000, "."])
@pytest.mark.parametrize("drain", [True, False])
async def test_a_turn_from_an_endless_stream_ends(piece: str, drain: bool) -> None:
    player = Player(lambda _: repeat(piece))
    params = GenerationParams(player.params.sampling, 7, 1000, drain)
    answer = await player.generate(params)
    assert len(answer.prose) < 10_000
    assert len(player.voice.requests) <= 4
    assert player.voice.pieces <= 4 * 101


async def test_the_number_of_attempts_is_limited_when_every_answer_is_bad() -> None:
    bad_answers = ["\nA shiver.", LOOP, "", "\nA shiver.", LOOP, "> You run.", "\nA shiver.", LOOP, "", "\nA shiver."]
    player = Player(*bad_answers, banned=("shiver", "door"))
    await player.generate()
    assert len(player.voice.requests) <= 8


# ---- the same request, and prompts that are too long ---------------------------------------------------------


def by_seed(request: GenerationRequest) -> Iterator[str]:
    """An answer that depends on the request alone: a loop for the first seed, prose for any other."""
    return pieces(
        LOOP if request.params.seed == 7 else f" Seed {request.params.seed} at {request.params.sampling.temperature}."
    )


async def test_the_same_request_gives_the_same_turn_also_after_a_retry() -> None:
    first, again = Player(by_seed), Player(by_seed)
    assert await first.generate() == await again.generate()
    assert len(first.voice.requests) == 2
    assert again.voice.requests == first.voice.requests


def refuse(_: GenerationRequest) -> Iterator[str]:
    raise ContextOverflow("too long")


async def test_a_prompt_that_is_too_long_is_an_error() -> None:
    with pytest.raises(ContextOverflow):
        await Player(refuse).generate()


async def test_a_prompt_that_is_too_long_on_a_retry_ends_the_turn_with_its_prose_so_far() -> None:
    player = Player(LOOP, refuse)
    assert (await player.generate()).prose == "The door is old."


# ---- a turn with a prefix ------------------------------------------------------------------------------------


async def test_a_turn_continues_after_its_prefix() -> None:
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
async def test_a_finished_prefix_is_not_continued(prefix: str) -> None:
    player = Player("\nNever.")
    answer = await player.generate(prefix=prefix)
    assert answer.prose.startswith("The door opens.")
    assert not player.voice.requests or player.voice.requests[0].prompt.endswith("burns.")


async def test_a_prefix_without_prose_is_dropped() -> None:
    player = Player("\nThe door opens.")
    assert (await player.generate(prefix="> You run")).prose == "The door opens."
    assert "You run" not in player.voice.requests[0].prompt


# ---- with a seed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "over", [" You say", "\n\n>", "\n\n### Chapter 2", " It is old and old and old and old and old"]
)
async def test_with_a_seed_the_stream_is_read_to_its_end(over: str) -> None:
    text = f'\nThe door opens.{over} "No." And on.'
    player = Player(text, "")
    await player.generate(GenerationParams(player.params.sampling, 7, 1000, drain=True))
    assert player.voice.closed_early == 0
    unseeded = Player(text, "")
    await unseeded.generate()
    assert unseeded.voice.closed_early == 1
