"""The methods of training: which tensors of a base are trained, and how they are taken out and put back.

    model = prepare_model(base.model, recipe)       # frozen, adapted or initialised anew, as the recipe says
    ...                                             # training
    tensors = trainable_tensors(model)              # name -> trained tensor, to be kept
    restore_tensors(model, tensors)

Works for any causal language model that keeps its blocks in one list, as GPT-2 and Llama do. Tied embeddings stay tied
in every method; last-layers leaves them frozen, and the output head with them.
"""

import math
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from finetune.errors import FinetuneError
from finetune.models.base_check import Layers, check_layers
from finetune.recipe import Recipe

_ADAPTER = "default"
"""peft's name for the one adapter there is."""
_INITS: dict[str, Any] = {"default": True, "pissa": "pissa_niter_16", "orthogonal": "orthogonal"}
"""peft's names. PiSSA by 16 subspace iterations, which its paper found as good as the whole decomposition, which takes
far longer."""


def prepare_model(model: PreTrainedModel | PeftModel, recipe: Recipe) -> PreTrainedModel | PeftModel:
    """Return the model as the recipe's method trains it; changes `model` itself. Uses torch's random generator.

    A model with an adapter, of a voice that goes on learning, keeps it.

    Raises:
        FinetuneError: the recipe names more layers than the model has, modules that it lacks, or too large a rank.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.Dropout) and "lora_dropout" not in name:
            module.p = 0.0
    whole: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    whole.name_or_path = ""  # or peft asks the Hub about the base at every checkpoint
    if isinstance(model, PeftModel):
        return _with_checkpointing(model, recipe)
    if recipe.method == "lora":
        return _add_lora(model, recipe)
    if recipe.method == "scratch":
        # A new model of the class is initialised as its authors do it; this one keeps its buffers and ties.
        model.load_state_dict(type(model)(model.config).state_dict())
    if recipe.method == "last-layers":
        blocks, norms = _last_blocks(model, recipe.layers)
        model.requires_grad_(False)
        for module in (*blocks, *norms):
            module.requires_grad_(True)
    else:
        model.requires_grad_(True)
    return model


def halve_frozen(model: nn.Module, dtype: torch.dtype) -> None:
    """Hold the frozen parameters in 16 bits, all of them in bf16, those of the linear layers in fp16; the rest in 32.

    What flows between the blocks has the type of the embeddings, and in fp16 it could overflow. Whatever the model was
    opened in; in fp32, everything has 32 bits.
    """
    everything = dtype == torch.bfloat16
    inner: Any = model
    embedding = inner.get_input_embeddings().weight  # may be the output head's matrix too
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            linear = isinstance(module, (nn.Linear, Conv1D)) and parameter is not embedding
            halved = not parameter.requires_grad and (everything or linear)
            if parameter.is_floating_point():
                parameter.data = parameter.data.to(dtype if halved else torch.float32)


def trainable_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return copies of the trained tensors in the CPU's memory, by name."""
    model = getattr(model, "_orig_mod", model)  # as it was before torch compiled it
    return {
        name: parameter.detach().to("cpu", copy=True).contiguous()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


def restore_tensors(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Put tensors of `trainable_tensors` into the model, or into another one with the same names and shapes."""
    parameters = dict(getattr(model, "_orig_mod", model).named_parameters())
    with torch.no_grad():
        for name, tensor in state.items():
            parameters[name].copy_(tensor)


def _add_lora(model: PreTrainedModel, recipe: Recipe) -> PeftModel:
    """Return the model with a new adapter on the linear layers (`Linear`, GPT-2's `Conv1D`) that the recipe names."""
    targets: Any = "all-linear"
    if recipe.layers or recipe.modules or recipe.upper < 1:
        targets = _targets(model, recipe)
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,  # type: ignore[arg-type]  # a float serves as well
        lora_dropout=recipe.dropout,
        use_rslora=recipe.rslora,
        use_dora=recipe.dora,
        init_lora_weights=_INITS[recipe.init],
        target_modules=targets,
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
        task_type="CAUSAL_LM",
    )
    adapted = _with_checkpointing(get_peft_model(model, config), recipe)
    if recipe.init == "pissa":
        _keep_initial_values(adapted, recipe.rank)
    return adapted


def _with_checkpointing(adapted: PeftModel, recipe: Recipe) -> PeftModel:
    if recipe.checkpointing:
        adapted.enable_input_require_grads()
    return adapted


def _keep_initial_values(adapted: PeftModel, rank: int) -> None:
    """Keep what PiSSA subtracted from the weights, for `convert_pissa_to_lora`."""
    for layer in _lora_layers(adapted):
        if (most := len(layer.lora_A[_ADAPTER].weight)) < rank:
            raise FinetuneError(
                f"The recipe's rank is {rank}; init pissa takes at most {most} for this base, the size of its smallest "
                "matrix."
            )
        # Buffers move with the model and stay out of checkpoints; a resumed training computes them again.
        for part in ("A", "B"):
            initial = getattr(layer, f"lora_{part}")[_ADAPTER].weight.detach().clone()
            layer.register_buffer(f"initial_{part}", initial, persistent=False)


def _targets(model: PreTrainedModel, recipe: Recipe) -> list[str]:
    """Return the linear layers of the last blocks, or of all, that have one of the recipe's names, or any."""
    blocks, _ = _last_blocks(model, recipe.layers or math.ceil(recipe.upper * model.config.num_hidden_layers))
    inside = {module for block in blocks for module in block.modules() if isinstance(module, (nn.Linear, Conv1D))}
    places = [name for name, module in model.named_modules() if module in inside]
    known = frozenset(place.rpartition(".")[2] for place in places)
    check_layers(recipe, Layers(model.config.num_hidden_layers, known))
    wanted = recipe.module_names
    return [place for place in places if not wanted or place.rpartition(".")[2] in wanted]


def convert_pissa_to_lora(model: PeftModel) -> None:
    """Turn an adapter that PiSSA initialised into one over the base's own weights; any other is that already.

    PiSSA subtracts its initial S B0 A0 from the weight W, so that W - S B0 A0 + S B A is trained. Over W itself that is
    an adapter of twice the rank: S [B, -B0] [A; A0], where S is the scale (Meng, Wang and Zhang 2024, appendix C).
    """
    config: Any = model.peft_config[_ADAPTER]
    if config.init_lora_weights != _INITS["pissa"]:
        return
    scale = 0.0
    for layer in _lora_layers(model):
        a, b = (getattr(layer, f"lora_{part}")[_ADAPTER] for part in ("A", "B"))
        scale = layer.scaling[_ADAPTER]
        initial = scale * (layer.initial_B @ layer.initial_A)
        with torch.no_grad():
            weight = layer.get_base_layer().weight
            weight += (initial.T if layer.fan_in_fan_out else initial).to(weight.dtype)
            a.weight = nn.Parameter(torch.cat([a.weight, layer.initial_A]))
            b.weight = nn.Parameter(torch.cat([b.weight, -layer.initial_B], dim=1))
        a.out_features = b.in_features = layer.r[_ADAPTER] = 2 * config.r
    config.r *= 2
    config.lora_alpha = scale * config.r
    config.use_rslora = False
    config.init_lora_weights = True


def _lora_layers(model: PeftModel) -> list[Any]:
    return [module for module in model.modules() if isinstance(module, LoraLayer)]


def _last_blocks(model: PreTrainedModel, count: int) -> tuple[list[nn.Module], list[nn.Module]]:
    """Return the last `count` blocks of a model, and the norm behind them."""
    depth = model.config.num_hidden_layers
    for module in model.modules():
        for child in module.children():
            if not (isinstance(child, nn.ModuleList) and len(child) == depth):
                continue
            if count > depth:
                raise FinetuneError(f"The recipe's layers is {count}, but this base has {depth} blocks.")
            norms = [
                sibling
                for name, sibling in module.named_children()
                if "norm" in type(sibling).__name__.lower() and "embed" not in name
            ]
            return list(child)[depth - count :], norms[-1:]
    raise FinetuneError(
        f"A {type(model).__name__} does not keep its {depth} blocks in one list, so layers can't be counted. "
        "Take --method lora without layers, or --method full."
    )
