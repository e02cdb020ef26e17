"""Methods: which weights are trained, which stay tied, and that a saved voice is the model that was trained."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from finetune.errors import FinetuneError
from finetune.recipe import Recipe
from finetune.training.methods import (
    convert_pissa_to_lora,
    halve_frozen,
    prepare_model,
    restore_tensors,
    trainable_tensors,
)

ARCHITECTURES = ["gpt2", "llama"]
IDS = torch.arange(40).reshape(2, 20) + 5
LAST = {"gpt2": ("transformer.h.1.", "transformer.ln_f."), "llama": ("model.layers.1.", "model.norm.")}


def load(bases: dict[str, Path], name: str) -> Any:
    return AutoModelForCausalLM.from_pretrained(bases[name])


def prepared(model: Any, **values: Any) -> Any:
    torch.manual_seed(1)
    return prepare_model(model, Recipe(**values)).eval()


@torch.no_grad()
def logits(model: Any) -> torch.Tensor:
    return model(IDS).logits  # type: ignore[no-any-return]


@torch.no_grad()
def change_trainable(model: Any) -> None:
    """Changes the trainable weights, as training would."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)


@pytest.fixture
def tied(bases: dict[str, Path], tmp_path: Path) -> Path:
    """A Llama whose head is tied to its embedding, as the bundled base's is. (GPT-2's always is.)"""
    model = load(bases, "llama")
    config = type(model.config)(**{**model.config.to_dict(), "tie_word_embeddings": True})
    type(model)(config).save_pretrained(tmp_path / "tied")
    return tmp_path / "tied"


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_last_layers_trains_the_last_blocks_and_the_final_norm(name: str, bases: dict[str, Path]) -> None:
    model = prepared(load(bases, name), method="last-layers", layers=1)
    trained = set(trainable_tensors(model))
    assert trained == {key for key, _ in model.named_parameters() if key.startswith(LAST[name])}
    assert {key.startswith(prefix) for key in trained for prefix in LAST[name][1:]} == {True, False}


@pytest.mark.parametrize("method", ["last-layers", "full", "scratch"])
@pytest.mark.parametrize("name", ["gpt2", "tied llama"])
def test_a_tied_head_stays_tied(name: str, method: str, bases: dict[str, Path], tied: Path) -> None:
    model = prepared(load(bases | {"tied llama": tied}, name), method=method)
    embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    assert embedding is head
    assert embedding.requires_grad == (method != "last-layers")
    before = embedding.detach().clone()
    change_trainable(model)
    assert torch.equal(before, embedding) == (method == "last-layers")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_full_trains_all_weights_and_starts_from_the_base(name: str, bases: dict[str, Path]) -> None:
    base = load(bases, name)
    before = logits(base)
    model = prepared(base, method="full")
    assert set(trainable_tensors(model)) == {key for key, _ in model.named_parameters()}
    assert torch.equal(logits(model), before)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_scratch_keeps_the_architecture_but_no_weights(name: str, bases: dict[str, Path]) -> None:
    plain = logits(load(bases, name))
    model, again = (prepared(load(bases, name), method="scratch") for _ in range(2))
    assert torch.equal(logits(model), logits(again))  # by the seed
    assert (logits(model) - plain).abs().mean() > 0.05
    old = dict(load(bases, name).named_parameters())
    matrices = {key: value for key, value in trainable_tensors(model).items() if value.dim() > 1}
    assert matrices and not any(torch.allclose(value, old[key], atol=1e-3) for key, value in matrices.items())


@pytest.mark.parametrize(
    ("changes", "blocks"),
    [({}, {"0", "1"}), ({"layers": 1}, {"1"}), ({"upper": 0.5}, {"1"}), ({"upper": 0.5, "layers": 2}, {"0", "1"})],
)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_lora_adapts_every_linear_layer_of_its_blocks(
    name: str, changes: dict[str, Any], blocks: set[str], bases: dict[str, Path]
) -> None:
    base = load(bases, name)
    before = logits(base)
    model = prepared(base, **changes)
    assert torch.equal(logits(model), before)
    trained = list(trainable_tensors(model))
    linear = {"gpt2": 4, "llama": 7}[name]
    assert len(trained) == 2 * linear * len(blocks)
    assert {key.split(".h." if name == "gpt2" else ".layers.")[1][0] for key in trained} == blocks


@pytest.mark.parametrize(("layers", "count"), [(0, 2), (1, 1)])
@pytest.mark.parametrize(("name", "modules"), [("gpt2", "c_proj"), ("llama", "o_proj, down_proj")])
def test_lora_adapts_only_the_named_modules(
    name: str, modules: str, layers: int, count: int, bases: dict[str, Path]
) -> None:
    trained = list(trainable_tensors(prepared(load(bases, name), modules=modules, layers=layers)))
    assert len(trained) == 2 * 2 * count  # A and B of attention's and of the feed-forward's
    assert {key.split(".lora_")[0].rpartition(".")[2] for key in trained} == set(modules.split(", "))


def test_an_unknown_module_is_an_error(bases: dict[str, Path]) -> None:
    with pytest.raises(
        FinetuneError, match="modules names 'o_proj'; this base's linear layers are c_attn, c_fc, c_proj"
    ):
        prepared(load(bases, "gpt2"), modules="c_proj,o_proj")


@pytest.mark.parametrize("method", ["lora", "last-layers"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_more_layers_than_blocks_are_an_error(name: str, method: str, bases: dict[str, Path]) -> None:
    with pytest.raises(FinetuneError, match="layers is 3, but this base has 2 blocks"):
        prepared(load(bases, name), method=method, layers=3)


@pytest.mark.parametrize(
    "values",
    [
        {"rslora": True},
        {"dora": True},
        {"init": "orthogonal"},
        {"init": "pissa"},
        {"init": "pissa", "rslora": True, "layers": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_saved_adapter_over_the_base_is_the_trained_model(
    name: str, values: dict[str, Any], bases: dict[str, Path], tmp_path: Path
) -> None:
    plain = logits(load(bases, name))
    model = prepared(load(bases, name), rank=4, **values)
    torch.testing.assert_close(logits(model), plain, atol=1e-4, rtol=1e-4)  # every init starts from the base
    change_trainable(model)
    trained = logits(model)
    convert_pissa_to_lora(model)
    torch.testing.assert_close(logits(model), trained, atol=1e-4, rtol=1e-4)
    model.save_pretrained(str(tmp_path))
    reopened: Any = PeftModel.from_pretrained(load(bases, name), str(tmp_path)).eval()
    torch.testing.assert_close(logits(reopened), trained, atol=1e-4, rtol=1e-4)
    assert (trained - plain).abs().max() > 0.05


def test_pissa_needs_a_rank_within_every_matrix(bases: dict[str, Path]) -> None:
    with pytest.raises(FinetuneError, match="rank is 48; init pissa takes at most 32"):
        prepared(load(bases, "llama"), init="pissa", rank=48)


@pytest.mark.parametrize("method", ["lora", "last-layers", "full"])
def test_trainable_tensors_can_be_restored(method: str, bases: dict[str, Path]) -> None:
    model = prepared(load(bases, "gpt2"), method=method)
    change_trainable(model)
    saved, expected = trainable_tensors(model), logits(model)
    change_trainable(model)
    assert not torch.equal(logits(model), expected)
    restore_tensors(model, saved)
    assert torch.equal(logits(model), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_a_model_that_was_opened_in_16_bits_is_held_as_one_in_32(dtype: torch.dtype, bases: dict[str, Path]) -> None:
    """Whatever its files hold: the same numbers in the same types."""
    states = []
    for opened in (torch.float32, torch.bfloat16):
        model = prepared(load(bases, "gpt2").bfloat16().to(opened))
        halve_frozen(model, dtype)
        states.append({name: parameter for name, parameter in model.named_parameters() if "lora" not in name})
    for name, parameter in states[0].items():
        assert parameter.dtype == states[1][name].dtype and torch.equal(parameter, states[1][name]), name


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("method", ["lora", "last-layers"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_frozen_weights_in_16_bits_give_the_same_loss_and_gradient(
    name: str, method: str, dtype: torch.dtype, bases: dict[str, Path]
) -> None:
    """In fp16, what flows between the blocks stays in 32 bits, and the figures are the very same."""

    def step(half: bool) -> tuple[Any, torch.Tensor, torch.Tensor]:
        model = prepared(load(bases, name), method=method, layers=1)
        if half:
            halve_frozen(model, dtype)
        with torch.autocast("cpu", dtype):
            loss = model(IDS, labels=IDS).loss
        loss.backward()
        return model, loss, torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])

    (model, loss, gradient), (_, whole_loss, whole_gradient) = step(half=True), step(half=False)
    types = {parameter.requires_grad: set() for parameter in model.parameters()}
    for key, parameter in model.named_parameters():
        types[parameter.requires_grad].add(parameter.dtype)
        assert dtype == torch.bfloat16 or parameter.dtype == torch.float32 or "emb" not in key
    if dtype == torch.float16:
        assert torch.equal(loss, whole_loss) and torch.equal(gradient, whole_gradient)
        assert types == {True: {torch.float32}, False: {torch.float32, dtype}}
    else:
        assert loss.item() == pytest.approx(whole_loss.item(), rel=2e-3)
        assert (gradient - whole_gradient).norm() < 0.03 * whole_gradient.norm()
        assert types == {True: {torch.float32}, False: {dtype}}
