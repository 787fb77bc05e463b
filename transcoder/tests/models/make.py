"""Makes the tiny models of this folder, whose mattes are known exactly: python3 make.py, with PyPI's onnx.

    recurrent.onnx  Robust Video Matting's signature. Four leaky means in a row, from frame to frame; the last is the matte
    image.onnx      pictures of any size in, as many mattes out: the mean of their channels, before ImageNet's normalisation
    square.onnx     the same, for 32 x 32 alone, as logits
    four.onnx       the same as image.onnx, for four pictures at once alone
    *_half.onnx     the same with 16 bit floats: recurrent throughout but for the ratio, as Robust Video Matting's own; image with
                    a matte of 32 bits, portrait with 16 bits inside as well
    segmentation.onnx  a segmentation model: 32 x 32 pictures in, the red channel out as the share of the subject
    portrait.onnx   MODNet's signature: one picture in, a rough guess, details and the matte out: the red channel
    busy.onnx       the same as image.onnx, with as much work as a small network of real use makes; for benches
    slow.onnx       never done
    tall.onnx       never done with pictures of more than 64 rows
    unsure.onnx     no numbers for pictures of more than 64 rows
"""

from pathlib import Path

from onnx import TensorProto, checker, helper, save

FOLDER = Path(__file__).parent
FLOAT, HALF = TensorProto.FLOAT, TensorProto.FLOAT16
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def constant(name, values, shape, kind=FLOAT):
    return helper.make_tensor(name, kind, shape, values)


def value(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def write(name, nodes, inputs, outputs, constants):
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="bgless tests")
    checker.check_model(model)
    save(model, FOLDER / f"{name}.onnx")


def recurrent(name="recurrent", kind=FLOAT):
    node = helper.make_node
    nodes = [
        node("ReduceMean", ["src"], ["mean"], axes=[1], keepdims=1),
        # Larger than 1 whatever it is: the ratio must be there, and changes nothing.
        node("Mul", ["downsample_ratio", "many"], ["scaled"]),
        node("Min", ["scaled", "one"], ["wide"]),
        node("Cast", ["wide"], ["unit"], to=kind),
        node("Mul", ["mean", "unit"], ["level0"]),
        node("Identity", ["src"], ["fgr"]),
    ]
    for index in range(1, 5):
        nodes += [
            node("Add", [f"r{index}i", f"level{index - 1}"], [f"sum{index}"]),
            node("Mul", [f"sum{index}", "half"], [f"r{index}o"]),
            node("Identity", [f"r{index}o"], [f"level{index}"]),
        ]
    nodes.append(node("Identity", ["level4"], ["pha"]))
    states = [f"r{index}" for index in range(1, 5)]
    write(
        name,
        nodes,
        [value("src", ["batch", 3, "height", "width"], kind)]
        + [value(f"{state}i", ["batch", "channels", f"{state}_height", f"{state}_width"], kind) for state in states]
        + [value("downsample_ratio", [1])],
        [value("fgr", ["batch", 3, "height", "width"], kind), value("pha", ["batch", 1, "height", "width"], kind)]
        + [value(f"{state}o", ["batch", 1, "height", "width"], kind) for state in states],
        [constant("half", [0.5], [1], kind), constant("one", [1.0], [1]), constant("many", [1e6], [1])],
    )


def segmentation():
    nodes = [helper.make_node("Slice", ["picture", "zero", "one", "one"], ["shares"])]
    constants = [helper.make_tensor(name, TensorProto.INT64, [1], [values]) for name, values in [("zero", 0), ("one", 1)]]
    inputs, outputs = [value("picture", [1, 3, 32, 32])], [value("shares", [1, 1, 32, 32])]
    write("segmentation", nodes, inputs, outputs, constants)


def image():
    node = helper.make_node
    nodes = [
        node("Mul", ["pixel_values", "std"], ["spread"]),
        node("Add", ["spread", "mean"], ["color"]),
        node("ReduceMean", ["color"], ["alphas"], axes=[1], keepdims=1),
    ]
    constants = [constant("std", STD, [1, 3, 1, 1]), constant("mean", MEAN, [1, 3, 1, 1])]
    for name, batch in [("image", "batch"), ("four", 4)]:
        sides = [batch, 3, "height", "width"]
        write(name, nodes, [value("pixel_values", sides)], [value("alphas", [batch, 1, "height", "width"])], constants)
    widened = [node("Cast", ["half_values"], ["pixel_values"], to=FLOAT), *nodes]
    write("image_half", widened, [value("half_values", ["batch", 3, "height", "width"], HALF)], [value("alphas", ["batch", 1, "height", "width"])], constants)
    nodes[-1] = node("ReduceMean", ["color"], ["share"], axes=[1], keepdims=1)
    nodes += [
        node("Clip", ["share", "least", "most"], ["clipped"]),
        node("Sub", ["one", "clipped"], ["rest"]),
        node("Div", ["clipped", "rest"], ["odds"]),
        node("Log", ["odds"], ["logits"]),
    ]
    constants += [constant("one", [1.0], []), constant("least", [1e-6], []), constant("most", [1 - 1e-6], [])]
    write("square", nodes, [value("pixel_values", [1, 3, 32, 32])], [value("logits", [1, 1, 32, 32])], constants)


def portrait(name="portrait", kind=FLOAT):
    node = helper.make_node
    nodes = [
        node("Mul", ["input", "half"], ["spread"]),
        node("Add", ["spread", "half"], ["color"]),
        node("AveragePool", ["color"], ["semantic"], kernel_shape=[16, 16], strides=[16, 16]),
        node("Slice", ["color", "first", "second", "channels"], ["matte"]),
        node("Sub", ["color", "half"], ["detail"]),
    ]
    constants = [constant("half", [0.5], [1], kind)] + [
        constant(part, [number], [1], TensorProto.INT64) for part, number in [("first", 0), ("second", 1), ("channels", 1)]
    ]
    outputs = [("semantic", 3), ("detail", 3), ("matte", 1)]
    outputs = [value(part, [1, count, f"{part}_height", f"{part}_width"], kind) for part, count in outputs]
    write(name, nodes, [value("input", [1, 3, "height", "width"], kind)], outputs, constants)


def busy(layers=12, channels=32):
    """Convolutions at half the size, whose weights are made when the file is opened; nothing of what they find is used."""
    node = helper.make_node
    nodes = [
        node("Mul", ["pixel_values", "std"], ["spread"]),
        node("Add", ["spread", "mean"], ["color"]),
        node("ReduceMean", ["color"], ["share"], axes=[1], keepdims=1),
        node("ConstantOfShape", ["first_shape"], ["first"], value=constant("value", [0.03], [1])),
        node("ConstantOfShape", ["next_shape"], ["next"], value=constant("value", [0.003], [1])),
        node("Conv", ["color", "first"], ["found0"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
    ]
    for layer in range(layers):
        nodes.append(node("Conv", [f"found{layer}", "next"], [f"found{layer + 1}"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
    nodes += [
        node("ReduceMean", [f"found{layers}"], ["found"], axes=[1, 2, 3], keepdims=1),
        node("Mul", ["found", "nothing"], ["unused"]),
        node("Add", ["share", "unused"], ["alphas"]),
    ]
    shapes = [constant("first_shape", [channels, 3, 3, 3], [4], TensorProto.INT64), constant("next_shape", [channels, channels, 3, 3], [4], TensorProto.INT64)]
    constants = [constant("std", STD, [1, 3, 1, 1]), constant("mean", MEAN, [1, 3, 1, 1]), constant("nothing", [0.0], [1])] + shapes
    write("busy", nodes, [value("pixel_values", ["batch", 3, "height", "width"])], [value("alphas", ["batch", 1, "height", "width"])], constants)


def loop(name, before, rounds, constants):
    """A loop that halves the matte so many times."""
    node = helper.make_node
    matte = [1, 1, "height", "width"]
    body = helper.make_graph(
        [node("Identity", ["more"], ["more_out"]), node("Mul", ["held", "unit"], ["held_out"])],
        "body",
        [helper.make_tensor_value_info("round", TensorProto.INT64, []), helper.make_tensor_value_info("more", TensorProto.BOOL, []), value("held", matte)],
        [helper.make_tensor_value_info("more_out", TensorProto.BOOL, []), value("held_out", matte)],
        [constant("unit", [0.5], [1])],
    )
    nodes = before + [
        node("ReduceMean", ["input"], ["mean"], axes=[1], keepdims=1),
        node("Loop", [rounds, "go", "mean"], ["alpha"], body=body),
    ]
    constants = constants + [constant("go", [True], [], TensorProto.BOOL)]
    write(name, nodes, [value("input", [1, 3, "height", "width"])], [value("alpha", matte)], constants)


def rows_beyond():
    """Nodes and constants that make `beyond`: how many rows the picture has more than 64; below 0 where it has fewer."""
    node = helper.make_node
    nodes = [node("Shape", ["input"], ["shape"]), node("Gather", ["shape", "third"], ["rows"]), node("Sub", ["rows", "few"], ["beyond"])]
    return nodes, [constant("third", [2], [], TensorProto.INT64), constant("few", [64], [], TensorProto.INT64)]


def slow():
    loop("slow", [], "rounds", [constant("rounds", [1 << 40], [], TensorProto.INT64)])


def tall():
    nodes, constants = rows_beyond()
    nodes += [helper.make_node("Max", ["beyond", "none"], ["excess"]), helper.make_node("Mul", ["excess", "many"], ["rounds"])]
    loop("tall", nodes, "rounds", constants + [constant("none", [0], [], TensorProto.INT64), constant("many", [1 << 30], [], TensorProto.INT64)])


def unsure():
    node = helper.make_node
    nodes, constants = rows_beyond()
    nodes += [
        node("Neg", ["beyond"], ["left"]),
        node("Cast", ["left"], ["number"], to=FLOAT),
        node("Sqrt", ["number"], ["root"]),
        node("ReduceMean", ["input"], ["mean"], axes=[1], keepdims=1),
        node("Add", ["mean", "root"], ["alpha"]),
    ]
    write("unsure", nodes, [value("input", [1, 3, "height", "width"])], [value("alpha", [1, 1, "height", "width"])], constants)


recurrent()
recurrent("recurrent_half", HALF)
image()
segmentation()
portrait()
portrait("portrait_half", HALF)
busy()
slow()
tall()
unsure()
