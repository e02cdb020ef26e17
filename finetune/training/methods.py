"""The methods of training: which tensors of a base are trained, and how they are taken out and put back.

    model = prepare(base.model, recipe)     # frozen, adapted or started anew, as the recipe says
    ...                                     # training
    state = trainable(model)                # name -> trained tensor, to be kept
    restore(model, state)

Works for any causal language model that keeps its blocks in one list, as GPT-2, Llama and their kin do. Tied
embeddings stay tied in every method; last-layers leaves them frozen, and so the output head with them.
"""

from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from finetune.errors import FinetuneError
from finetune.recipe import Recipe

_ADAPTER = "default"
"""peft's name for the one adapter there is."""
_INITS: dict[str, Any] = {"default": True, "pissa": "pissa_niter_16", "orthogonal": "orthogonal"}
"""peft's names. PiSSA by 16 subspace iterations, which its paper found as good as the whole decomposition: that takes
minutes for the bundled weights, and hours for GPT-2 XL."""


def prepare(model: PreTrainedModel, recipe: Recipe) -> PreTrainedModel | PeftModel:
    """The model as the recipe's method trains it; changes `model` itself.

    What is random comes from torch's generator. Raises FinetuneError for more layers than there are.
    """
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    model.name_or_path = ""  # or peft asks the Hub about the base at every checkpoint
    if recipe.method == "lora":
        return _add_lora(model, recipe)
    if recipe.method == "scratch":
        # A fresh model of the class starts as its authors start it; an existing one keeps its buffers and ties.
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
    """Holds the frozen parameters of linear layers in `dtype`.

    autocast would make them that at each use, so the losses stay what they are. Norms and embeddings keep 32 bits, and
    so does what flows between the blocks.
    """
    inner: Any = model
    embedding = inner.get_input_embeddings().weight  # may be the output head's matrix too
    for module in model.modules():
        if isinstance(module, (nn.Linear, Conv1D)):
            for parameter in module.parameters(recurse=False):
                if not parameter.requires_grad and parameter is not embedding:
                    parameter.data = parameter.data.to(dtype)


def trainable(model: nn.Module) -> dict[str, torch.Tensor]:
    """Copies of the trained tensors in the CPU's memory, by name."""
    model = getattr(model, "_orig_mod", model)  # as it was before torch compiled it
    return {
        name: parameter.detach().to("cpu", copy=True).contiguous()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


def restore(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Puts tensors of `trainable` into the model, or into another one of the same names and shapes."""
    parameters = dict(getattr(model, "_orig_mod", model).named_parameters())
    with torch.no_grad():
        for name, tensor in state.items():
            parameters[name].copy_(tensor)


# ---- LoRA ----------------------------------------------------------------------------------------------------


def _add_lora(model: PreTrainedModel, recipe: Recipe) -> PeftModel:
    """The model with a fresh adapter on the linear layers (`Linear` and GPT-2's `Conv1D`) that the recipe names."""
    targets: Any = "all-linear"
    if recipe.layers or recipe.modules:
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
    adapted = get_peft_model(model, config)
    if recipe.checkpointing:
        adapted.enable_input_require_grads()
    if recipe.init == "pissa":
        for layer in _lora_layers(adapted):
            if len(layer.lora_A[_ADAPTER].weight) < recipe.rank:
                raise FinetuneError(
                    f"The recipe's rank is {recipe.rank}; init pissa takes at most "
                    f"{len(layer.lora_A[_ADAPTER].weight)} for this base, the size of its smallest matrix."
                )
            # Buffers move with the model and stay out of checkpoints; the next start computes them again.
            for part in ("A", "B"):
                start = getattr(layer, f"lora_{part}")[_ADAPTER].weight.detach().clone()
                layer.register_buffer(f"start_{part}", start, persistent=False)
    return adapted


def _targets(model: PreTrainedModel, recipe: Recipe) -> list[str]:
    """The linear layers of the last blocks, or of all, that have one of the recipe's names, or any."""
    blocks, _ = _last_blocks(model, recipe.layers or model.config.num_hidden_layers)
    inside = {module for block in blocks for module in block.modules() if isinstance(module, (nn.Linear, Conv1D))}
    places = [name for name, module in model.named_modules() if module in inside]
    wanted = {name.strip() for name in recipe.modules.split(",")} if recipe.modules else set()
    known = {place.rpartition(".")[2] for place in places}
    if unknown := sorted(wanted - known):
        raise FinetuneError(
            f"The recipe's modules names {unknown[0]!r}; this base's linear layers are {', '.join(sorted(known))}."
        )
    return [place for place in places if not wanted or place.rpartition(".")[2] in wanted]


def over_original(model: PeftModel) -> None:
    """Turns an adapter that PiSSA began into one over the base's own weights; any other is that already.

    PiSSA takes its start S B0 A0 out of the weight W, so that W - S B0 A0 + S B A is trained. Over W itself that is an
    adapter of twice the rank: S [B, -B0] [A; A0], where S is the scale (Meng, Wang and Zhang 2024, appendix C).
    """
    config: Any = model.peft_config[_ADAPTER]
    if config.init_lora_weights != _INITS["pissa"]:
        return
    scale = 0.0
    for layer in _lora_layers(model):
        a, b = (getattr(layer, f"lora_{part}")[_ADAPTER] for part in ("A", "B"))
        scale = layer.scaling[_ADAPTER]
        start = scale * (layer.start_B @ layer.start_A)
        with torch.no_grad():
            weight = layer.get_base_layer().weight
            weight += (start.T if layer.fan_in_fan_out else start).to(weight.dtype)
            a.weight = nn.Parameter(torch.cat([a.weight, layer.start_A]))
            b.weight = nn.Parameter(torch.cat([b.weight, -layer.start_B], dim=1))
        a.out_features = b.in_features = layer.r[_ADAPTER] = 2 * config.r
    config.r *= 2
    config.lora_alpha = scale * config.r
    config.use_rslora = False
    config.init_lora_weights = True


def _lora_layers(model: PeftModel) -> list[Any]:
    return [module for module in model.modules() if isinstance(module, LoraLayer)]


# ---- what a model is made of ---------------------------------------------------------------------------------


def _last_blocks(model: PreTrainedModel, count: int) -> tuple[list[nn.Module], list[nn.Module]]:
    """The last `count` blocks of a model, and the norm behind them."""
    depth = model.config.num_hidden_layers
    for module in model.modules():
        for child in module.children():
            if not (isinstance(child, nn.ModuleList) and len(child) == depth):
                continue
            if count > depth:
                raise FinetuneError(f"The recipe's layers is {count}, but this base has {depth} blocks.")
            norms = [
                beside
                for name, beside in module.named_children()
                if "norm" in type(beside).__name__.lower() and "embed" not in name
            ]
            return list(child)[depth - count :], norms[-1:]
    raise FinetuneError(
        f"A {type(model).__name__} does not keep its {depth} blocks in one list, so layers can't be counted. "
        "Take --method lora without layers, or --method full."
    )
