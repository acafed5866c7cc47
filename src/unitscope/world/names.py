"""The names of the embedded world: its concepts, its planes and its one vocabulary."""

from __future__ import annotations

from unitscope.concepts.vocabulary import Concept, Vocabulary

GENERATOR_VERSION = 2
"""Raised whenever the same seed would give another picture or other labels; part of every content hash."""

PLANES = ("object", "part", "material", "color")
"""The planes of a label map, in order; plane p holds concepts of category ``PLANES[p]`` only."""

OBJECTS = (
    *("sky", "cloud", "sun", "mountain", "hill", "grass", "snow", "sand", "earth", "water", "road", "runway"),
    *("path", "sidewalk", "corn", "tree", "palm tree", "bush", "flower", "rock", "cactus", "bird", "person"),
    *("van", "bus", "motorcycle", "bicycle", "tractor", "train", "helicopter", "ship", "canoe", "excavator"),
    *("crane", "water tower", "wind turbine", "power line", "silo", "barn", "bridge", "railroad track"),
    *("platform", "gravestone", "statue", "fountain", "gazebo", "hedge", "hay bale", "log", "scaffold"),
    *("cow", "horse", "sheep", "duck", "trash can", "mailbox", "traffic cone", "barrier", "fire hydrant"),
    *("bus shelter", "gas pump", "phone booth", "billboard", "market stall", "crate", "barrel", "fruit"),
    *("picnic table", "goal", "ball", "bleachers", "ferris wheel", "carousel", "seesaw", "sled", "snowman"),
    *("igloo", "hot-air balloon", "kite", "buoy"),
    *("dog", "skis", "ski lift", "building", "house", "church", "lighthouse", "windmill", "tower", "pier"),
    *("boat", "car", "truck", "airplane", "bench", "street lamp", "traffic light", "signboard", "fence"),
    *("flag", "umbrella", "tent", "campfire", "slide", "swing", "wall", "floor", "ceiling", "window", "door"),
    *("curtain", "painting", "mirror", "clock", "lamp", "plant", "vase", "rug", "chair", "armchair", "sofa"),
    *("table", "desk", "bed", "cushion", "cabinet", "shelf", "book", "television", "computer", "stove"),
    *("refrigerator", "sink", "bathtub", "toilet", "towel", "bottle", "plate", "bowl"),
    *("counter", "bar", "stool", "pew", "seat", "altar", "column", "pedestal", "night table", "wardrobe"),
    *("crib", "bunk bed", "pillow", "blind", "stairs", "fireplace", "radiator", "fan", "chandelier"),
    *("candle", "wall lamp", "socket", "switch", "blackboard", "projector screen", "poster", "globe"),
    *("toy", "teddy bear", "doll", "guitar", "piano", "drum", "microphone", "speaker", "treadmill"),
    *("dumbbell", "mat", "basketball hoop", "laptop", "printer", "telephone", "paper", "cash register"),
    *("microwave", "hood", "dishwasher", "washing machine", "kettle", "pan", "cup", "glass", "jar", "carton"),
    *("bread", "cake", "soap", "shower", "scale", "box", "basket", "suitcase", "clothes", "hanger", "shoe"),
    *("hat", "ladder", "tool", "tyre", "cat", "fish tank", "luggage rack"),
)
PARTS = (
    *("crown", "trunk", "head", "hair", "torso", "arm", "leg", "roof", "window", "door", "chimney", "facade"),
    *(
        "steeple",
        "cross",
        "wheel",
        "body",
        "windshield",
        "headlight",
        "hull",
        "sail",
        "mast",
        "cabin",
        "wing",
    ),
    *("spire", "dome", "bell tower", "arch", "column", "step", "awning", "shutter", "gable", "porch"),
    *("railing", "bumper", "license plate", "handlebar", "ear", "beak", "horn", "funnel", "boom", "bucket"),
    *("rotor", "deck", "rope", "gondola", "net", "hat", "rail", "sleeper", "hose", "base", "antenna"),
    *("fuselage", "tail", "engine", "seat", "back", "top", "pole", "shade", "frame", "pane", "screen"),
    *("headboard", "mattress", "blanket", "drawer", "burner", "oven", "faucet", "basin", "pot", "peak"),
    *("blade", "canopy", "cloth", "lantern", "flame", "keyboard", "handle"),
    *("armrest", "slat", "rung", "post", "board", "spine", "label", "lid", "knob", "spout", "rim", "strap"),
    *("key", "string", "neck", "dial", "hand", "bulb", "hook", "saddle", "drum", "cap", "stopper"),
)
MATERIALS = (
    *("sky", "foliage", "grass", "water", "snow", "sand", "earth", "stone", "asphalt", "brick", "wood"),
    *("concrete", "thatch", "gravel", "ice", "marble", "leaves", "rubber", "cardboard", "leather", "clay"),
    *("carpet", "wicker", "food"),
    *("fabric", "metal", "glass", "plaster", "tile", "ceramic", "paper", "plastic", "skin", "hair"),
)
COLORS = ("black", "blue", "brown", "grey", "green", "orange", "pink", "purple", "red", "white", "yellow")

VOCABULARY = Vocabulary(
    [
        Concept(name, plane)
        for plane, names in zip(PLANES, (OBJECTS, PARTS, MATERIALS, COLORS), strict=True)
        for name in names
    ]
)
"""Every concept of the world; its numbers are the values of the label maps."""

OBJECT_NUMBERS = {name: VOCABULARY.number(name, "object") for name in OBJECTS}
PART_NUMBERS = {"": 0} | {name: VOCABULARY.number(name, "part") for name in PARTS}
MATERIAL_NUMBERS = {name: VOCABULARY.number(name, "material") for name in MATERIALS}
FIRST_COLOR = VOCABULARY.number(COLORS[0], "color")
