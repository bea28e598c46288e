"""What made-up products are called. No word holds a character that COPY or a slug would have to escape."""

# Department → the things in it. Each thing is a category of the second level.
DEPARTMENTS = {
    "Kitchen": ("Kettle", "Teapot", "Saucepan", "Chopping Board", "Mixing Bowl", "Spice Rack"),
    "Table": ("Plate", "Mug", "Tumbler", "Cutlery Set", "Napkin", "Cake Stand"),
    "Living": ("Cushion", "Throw", "Lamp", "Candle Holder", "Picture Frame", "Vase"),
    "Bedroom": ("Pillow", "Duvet Cover", "Blanket", "Alarm Clock", "Bedside Table", "Mirror"),
    "Bath": ("Towel", "Soap Dish", "Bath Mat", "Shower Curtain", "Laundry Basket", "Bathrobe"),
    "Garden": ("Planter", "Watering Can", "Lantern", "Bird Feeder", "Trowel", "Hammock"),
    "Office": ("Notebook", "Fountain Pen", "Desk Lamp", "Paper Tray", "Pencil Case", "Wall Planner"),
    "Children": ("Puzzle", "Soft Toy", "Building Set", "Night Light", "Money Box", "Skipping Rope"),
    "Travel": ("Suitcase", "Backpack", "Passport Cover", "Water Bottle", "Umbrella", "Wash Bag"),
    "Craft": ("Knitting Kit", "Paint Set", "Sewing Box", "Sketch Pad", "Yarn", "Stamp Set"),
    "Party": ("Bunting", "Balloon", "Party Hat", "Gift Bag", "Birthday Card", "Paper Lantern"),
    "Christmas": ("Bauble", "Wreath", "Stocking", "Advent Calendar", "Tree Star", "Fairy Lights"),
}
# Each thing has a shelf of each of these: the third level.
KINDS = ("Small", "Large", "Sets", "Gifts")
ADJECTIVES = (
    *("Classic", "Vintage", "Modern", "Rustic", "Striped", "Dotted", "Floral", "Plain", "Painted", "Engraved"),
    *("Folding", "Stackable", "Glazed", "Brushed", "Polished", "Quilted", "Woven", "Hammered", "Frosted", "Ribbed"),
    *("Round", "Oval", "Tall", "Slim", "Wide", "Deep", "Mini", "Giant", "Double", "Heavy"),
)
MATERIALS = (
    *("Cotton", "Oak", "Steel", "Glass", "Linen", "Bamboo", "Enamel", "Ceramic", "Wool", "Copper"),
    *("Marble", "Leather", "Porcelain", "Brass", "Walnut", "Paper", "Felt", "Rattan", "Velvet", "Slate"),
)
SERIES = (
    *("Alba", "Birk", "Calla", "Dalia", "Elm", "Fjord", "Greta", "Hazel", "Iris", "Juno", "Kestrel", "Lark"),
    *("Maple", "Nora", "Otto", "Pearl", "Quill", "Rowan", "Sable", "Tilda", "Umber", "Vesper", "Willow", "Yarrow"),
    *("Aster", "Briar", "Cedar", "Delft", "Ember", "Fern", "Garnet", "Heron", "Indigo", "Jasper", "Kelp", "Linden"),
    *("Moss", "Nettle", "Opal", "Poppy", "Quartz", "Robin", "Sorrel", "Thyme", "Ursa", "Violet", "Wren", "Zinnia"),
)
COLORS = ("Red", "Blue", "Green", "Ivory", "Black", "Grey", "Mustard", "Rose", "Teal", "White")
HEX = "b3202a 2b4f9e 3f7d4e f4efdf 1c1c1e 8a8d91 d1a02d d99aa5 2a7f86 ffffff"
SWATCHES = {color: f"#{code}" for color, code in zip(COLORS, HEX.split(), strict=True)}
SENTENCES = (
    "Made to be used every day and to last for years.",
    "Each piece is finished by hand, so that no two are quite alike.",
    "Wipe clean with a damp cloth; not for the dishwasher.",
    "Comes in a recycled box and makes a welcome present.",
    "The perfect companion to the other pieces of the series.",
    "Measured for small homes without looking small.",
    "Colors may differ a little from the picture.",
    "Designed in a workshop of five people and tested by their families.",
)
