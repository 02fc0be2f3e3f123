"""
Builds the models that `npm run bench:peers` measures: real shapes, random weights, as folders that every system
reads (sentence-transformers files for sentensor and Python, onnx/ for transformers.js).

    python bench/models.py minilm                     into bench/models/minilm
    python bench/models.py all                        all of them: 6 GB of disk, 8 GB of memory
    python bench/models.py --tokenizers DIR --out DIR minilm e5-small

Needs sentence-transformers, onnx, onnxscript and onnxruntime. Speed does not depend on what weights say, but
agreement does: they are drawn wide enough that attention is far from uniform, and every bias matters.
"""

import os
import sys

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
sys.dont_write_bytecode = True

import argparse  # noqa: E402
import json  # noqa: E402
import shutil  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402

import onnx  # noqa: E402
import torch  # noqa: E402
from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402
from transformers import BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel  # noqa: E402

BENCH = Path(__file__).resolve().parent
SEED = 1
# Every model reads this many tokens, so that the systems do the same work: transformers.js knows only the
# tokenizer's model_max_length, not sentence-transformers' max_seq_length.
MAX_SEQ_LENGTH = 512


@dataclass(frozen=True)
class Shape:
    """As in the config.json of the model on the hub."""

    hub: str
    architecture: str
    tokenizer: str
    layers: int
    hidden: int
    heads: int
    intermediate: int
    pooling: str


SHAPES = {
    "minilm": Shape("sentence-transformers/all-MiniLM-L6-v2", "bert", "wordpiece", 6, 384, 12, 1536, "mean"),
    "bge-base": Shape("BAAI/bge-base-en-v1.5", "bert", "wordpiece", 12, 768, 12, 3072, "cls"),
    "e5-small": Shape("intfloat/multilingual-e5-small", "bert", "unigram", 12, 384, 12, 1536, "mean"),
    "e5-large": Shape("intfloat/multilingual-e5-large", "xlm-roberta", "unigram", 24, 1024, 16, 4096, "mean"),
}


def encoder_of(shape):
    sizes = {
        "num_hidden_layers": shape.layers,
        "hidden_size": shape.hidden,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.intermediate,
        "hidden_act": "gelu",
        "attn_implementation": "eager",  # the same graph as the ONNX files on the hub
    }
    if shape.architecture == "xlm-roberta":
        config = XLMRobertaConfig(
            vocab_size=250002,
            max_position_embeddings=514,
            type_vocab_size=1,
            layer_norm_eps=1e-5,
            pad_token_id=1,
            bos_token_id=0,
            eos_token_id=2,
            **sizes,
        )
        model = XLMRobertaModel(config)
    else:
        multilingual = shape.tokenizer == "unigram"
        config = BertConfig(
            vocab_size=250037 if multilingual else 30522,
            max_position_embeddings=512,
            type_vocab_size=2,
            layer_norm_eps=1e-12,
            pad_token_id=0,
            **sizes,
        )
        model = BertModel(config)
    return model.eval()


@torch.no_grad()
def randomize(model):
    generator = torch.Generator().manual_seed(SEED)
    for name, parameter in model.named_parameters():
        if "LayerNorm" in name:
            center = 1.0 if name.endswith("weight") else 0.0
            parameter.normal_(0, 0.1, generator=generator).add_(center)
        elif "embeddings" in name:
            parameter.normal_(0, 1, generator=generator)
        elif name.endswith("weight"):
            parameter.normal_(0, parameter.shape[1] ** -0.5, generator=generator)
        else:
            parameter.normal_(0, 0.1, generator=generator)


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def write_tokenizer(shape, tokenizers, folder):
    if shape.tokenizer == "wordpiece":
        for name in ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"]:
            shutil.copyfile(tokenizers / "all-MiniLM-L6-v2" / name, folder / name)
        return
    shutil.copyfile(tokenizers / "xlm-roberta-base" / "tokenizer.derived.json", folder / "tokenizer.json")
    specials = {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "cls_token": "<s>",
        "mask_token": "<mask>",
    }
    write_json(folder / "special_tokens_map.json", specials)
    write_json(
        folder / "tokenizer_config.json",
        {**specials, "model_max_length": MAX_SEQ_LENGTH, "tokenizer_class": "XLMRobertaTokenizer"},
    )


def write_modules(shape, folder):
    package = "sentence_transformers.models"
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    write_json(
        folder / "modules.json",
        [
            {"idx": i, "name": str(i), "path": path, "type": f"{package}.{kind}"}
            for i, (path, kind) in enumerate(modules)
        ],
    )
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": MAX_SEQ_LENGTH, "do_lower_case": False})
    write_json(
        folder / "1_Pooling" / "config.json",
        {
            "word_embedding_dimension": shape.hidden,
            "pooling_mode_cls_token": shape.pooling == "cls",
            "pooling_mode_mean_tokens": shape.pooling == "mean",
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
    )


def export_onnx(model, shape, path):
    """The encoder without its pooler, as optimum exports it for the hub: token embeddings out."""
    inputs = ["input_ids", "attention_mask"]
    if shape.architecture == "bert":
        inputs.append("token_type_ids")

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = model

        def forward(self, *values):
            return self.encoder(**dict(zip(inputs, values, strict=True))).last_hidden_state

    ids = torch.randint(5, 1000, (2, 7))
    values = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    axes = {0: "batch_size", 1: "sequence_length"}
    torch.onnx.export(
        Encoder(),
        tuple(values[name] for name in inputs),
        str(path),  # above 2 GB the exporter accepts no Path
        input_names=inputs,
        output_names=["last_hidden_state"],
        dynamic_axes={name: axes for name in [*inputs, "last_hidden_state"]},
        opset_version=14,
        dynamo=False,
    )


def gather_external_data(folder):
    """Above 2 GB the exporter writes a file for each tensor; users get one beside model.onnx."""
    path = folder / "model.onnx"
    scattered = [file for file in folder.iterdir() if file != path]
    if not scattered:
        return
    whole = onnx.load(path)
    for file in scattered:
        file.unlink()
    onnx.save_model(whole, path, save_as_external_data=True, location="model.onnx_data")


def build(name, tokenizers, out):
    shape = SHAPES[name]
    started = time.monotonic()
    final = out / name
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=f".{name}-") as temporary:
        folder = Path(temporary) / name
        (folder / "onnx").mkdir(parents=True)
        model = encoder_of(shape)
        randomize(model)
        model.save_pretrained(folder)
        write_tokenizer(shape, tokenizers, folder)
        write_modules(shape, folder)
        export_onnx(model, shape, folder / "onnx" / "model.onnx")
        del model
        gather_external_data(folder / "onnx")
        # As transformers.js' own conversion script makes `q8`: whole tensors, signed weights, 8 bits.
        quantize_dynamic(
            folder / "onnx" / "model.onnx",
            folder / "onnx" / "model_quantized.onnx",
            weight_type=QuantType.QInt8,
            extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True},
        )
        write_json(folder / "bench.json", {"shapeOf": shape.hub, "pooling": shape.pooling, "seed": SEED})
        SentenceTransformer(str(folder), device="cpu").encode(["It loads."])
        shutil.rmtree(final, ignore_errors=True)
        folder.rename(final)
    for file in sorted(final.rglob("*.safetensors")) + sorted(final.rglob("*.onnx")):
        print(f"{file.stat().st_size / 1e6:8.1f} MB  {file.relative_to(out)}")
    print(f"{name}: {time.monotonic() - started:.0f} s, onnx {onnx.__version__}, torch {torch.__version__}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", choices=[*SHAPES, "all"])
    parser.add_argument("--tokenizers", type=Path, default=BENCH.parent.parent / "shared" / "tokenizers")
    parser.add_argument("--out", type=Path, default=BENCH / "models")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in SHAPES if "all" in arguments.models else arguments.models:
        build(name, arguments.tokenizers, arguments.out)


if __name__ == "__main__":
    main()
