"""Which shelf a title belongs on: an ordered table of keywords, the first rule that matches wins."""

import re
from dataclasses import dataclass

from tasks.imports.online_retail.titles import slug_of, words_of


@dataclass(frozen=True, slots=True)
class Shelf:
    """A category with at most one parent. `slug` is its path, so that it is unique and stable."""

    title: str
    parent: str = ""

    @property
    def slug(self) -> str:
        return slug_of(f"{self.parent} {self.title}")


# "Parent > Child" or "Parent", then keywords and "key phrases" in which _ is a space; a plural s is
# understood. Order matters: occasions first, then what a thing is, and only then what it shows
# or is made of, so that a "cake stand" is tableware and a "heart t-light holder" a candle holder.
TABLE = (
    (
        "Seasonal > Christmas",
        """
        christmas santa advent reindeer snowmen snowflake nativity noel stocking jingle bauble sleigh mistletoe
        gingerbread angel cracker scandinavian_3 tree_decoration pudding_bowl
        """,
    ),
    ("Seasonal > Easter", "easter egg_hunt chick_egg bunny_egg hen_house chick hanging_chick bunny bunnies"),
    ("Seasonal", "halloween valentine"),
    (
        "Home > Signs and Wall Art",
        """
        metal_sign door_sign box_sign stopmetal_sign wall_art number_tile wood_letter block_letter
        """,
    ),
    ("Home > Clocks", "wall_clock table_clock alarm_clock clock_with_sucker refectory_clock"),
    (
        "Stationery and Craft > Writing and Paper",
        """
        pencil pen gel_pen notebook eraser sharpener journal paperweight memo_board
        """,
    ),
    (
        "Stationery and Craft > Stickers, Sewing and Craft",
        """
        feltcraft sewing_kit tape_measure measuring_tape sticker knitting_kit
        """,
    ),
    ("Bath and Wellbeing", "hot_water_bottle plasters_in tissues lip_gloss"),
    ("Garden", "watering_can herb_marker plant_pot bird_feeder garden_parasol garden_tools seed_envelope"),
    (
        "Toys and Children > Toys and Games",
        """
        soft_toy jigsaw playing_card card_game snap_card monkey_doll skittles swirly_marbles sock_puppet
        catch_cup
        """,
    ),
    ("Home > Frames and Mirrors", "photo_frame picture_frame photoframe album"),
    (
        "Jewellery",
        """
        necklace bracelet earring bangle brooch diamante bead charm pendant keyring key_ring ring hair_grip
        hair_clip tiara bling hair_comb necklac braclet hair_band hairslide phone_charm key_fob
        """,
    ),
    ("Bags and Travel > Lunch Bags and Boxes", "lunch_bag lunch_box snack_box"),
    ("Bags and Travel > Purses and Wallets", "purse wallet passport luggage_tag travel_card card_holder luggage"),
    (
        "Bags and Travel > Bags",
        """
        bag washbag shopper handbag tote backpack shopping_bag picnic_bag umbrella parasol rain_hat poncho
        """,
    ),
    ("Kitchen and Dining > Baking", "balloon_whisk oven_glove cake_tin cake_case cookie_cutter baking"),
    ("Party > Balloons and Bunting", "balloon bunting garland paper_chain confetti honeycomb pennant"),
    (
        "Party > Tableware and Games",
        """
        party paper_cup paper_plate napkin straw cocktail tattoo sweetie invite paper_lantern fan
        """,
    ),
    ("Cards and Wrapping > Cards", "card postcard greeting envelope"),
    ("Cards and Wrapping > Wrap and Ribbons", "wrap gift_wrap ribbon gift_tag gift_box bow wrapping gift_tape tag"),
    (
        "Candles and Light > Holders and Lanterns",
        """
        t_light_holder candle_holder candleholder lantern candlestick candle_stick votive_holder tealight_holder
        t_light_glass candelabra candle_plate chandelier_t_light candlepot votive
        """,
    ),
    (
        "Candles and Light > Candles and Incense",
        """
        candle t_light chocolatecandle tealight incense scented oil_burner wick
        """,
    ),
    (
        "Candles and Light > Lamps",
        """
        lamp light lampshade torch lightbulb night_light nightlight disco_ball chandelier light_chain shade
        """,
    ),
    (
        "Kitchen and Dining > Baking",
        """
        cookie cutter mould rolling_pin mixing_bowl pastry measuring spatula jelly petit_four mini_case
        lolly_maker
        """,
    ),
    ("Kitchen and Dining > Kitchen Textiles and Tools", "tea_towel tea_cosy egg_cosy apron magnet tea_strainer"),
    ("Kitchen and Dining > Cutlery and Table Linen", "egg_cup paper_doilies table_cloth tea_spoon sugar_tongs"),
    (
        "Kitchen and Dining > Mugs and Glasses",
        """
        mug cup teacup tumbler beaker wine goblet champagne chalice flask milkshake_glass aperitif d_o_f_glass
        """,
    ),
    ("Kitchen and Dining > Tea and Coffee", "teapot tea coffee sugar milk_jug teatime tea_caddy"),
    (
        "Kitchen and Dining > Plates and Cake Stands",
        """
        plate cake_stand cakestand bowl dish platter tray tier cake_plate salt pepper fruitbowl butter_dish
        stand cake_slice sundae cloche
        """,
    ),
    (
        "Kitchen and Dining > Cutlery and Table Linen",
        """
        cutlery fork spoon teaspoon chopstick placemat coaster doily doilies toastrack tablecloth place_setting
        """,
    ),
    (
        "Kitchen and Dining > Storage and Jars",
        """
        jar tin bread_bin biscuit jam bottle jug pantry container kitchen_scales can crate storage_tin match
        """,
    ),
    (
        "Kitchen and Dining > Kitchen Textiles and Tools",
        """
        oven kitchen egg_warmer cosy peg chopping board breakfast recipe pan frying food colander egg ice_cream
        ladle
        """,
    ),
    (
        "Garden",
        """
        garden plant herb birdhouse bird_house windmill trowel gnome hammock planter wheelbarrow picnic
        thermometer secateur grow windchime fly_swat nest bucket toadstool mushroom kneeling
        """,
    ),
    (
        "Bath and Wellbeing",
        """
        bath bathroom soap towel flannel sponge shower toilet tissue hand_warmer pocket_warmer hottie warmer
        compact_mirror compact basin headphones first_aid ear_muff bubble
        """,
    ),
    (
        "Toys and Children > Toys and Games",
        """
        toy game domino ludo spinning_top skipping dinosaur teddy playhouse ball helicopter bingo racing_car
        harmonica magic monkey pirate rocking_horse blocks building_block piggy skipping_rope rope paint_set
        radio naughts modelling_clay flying_disc glider creepy_crawlies snake space_cadet sporting_fun spade
        inflatable sombrero
        """,
    ),
    (
        "Toys and Children > Children's Room",
        """
        baby bib money_box money_bank nursery girls kid girls_alphabet bank boy children
        """,
    ),
    (
        "Stationery and Craft > Writing and Paper",
        """
        notepad note_book sketchbook ruler stationery calendar address_book book memo writing memoboard chalk
        chalkboard blackboard calculator stamp list organiser letter_rack letter_holder colouring crayon rubber
        desk office paint hole_punch twine
        """,
    ),
    (
        "Stationery and Craft > Stickers, Sewing and Craft",
        """
        craft sewing knitting button tape patch crochet felt scissor needle kit pin_cushion glitter lace stencil
        filler_pad badge patchwork iron_on pompom
        """,
    ),
    ("Home > Clocks", "clock"),
    ("Home > Frames and Mirrors", "frame mirror photo picture photo_cube cornice"),
    ("Home > Signs and Wall Art", "sign plaque art wall_plaque print tile wall"),
    ("Home > Doormats and Doorstops", "doormat doorstop mat"),
    (
        "Home > Cushions and Textiles",
        """
        cushion quilt throw curtain cover fabric floor_cushion foot_stool pouffe scarf glove sock skirt
        """,
    ),
    ("Home > Hooks, Knobs and Hangers", "hook knob hanger coat_rack drawerknob rack coathanger holder"),
    (
        "Home > Boxes and Furniture",
        """
        box storage basket drawer cabinet bin table chair stool shelf chest cupboard bedside screen unit
        sideboard trinket jewellery_box trinket_pot pot jewellery
        """,
    ),
    (
        "Home > Ornaments",
        """
        decoration ornament heart hanging star wreath bell flower vase mobile artificial bird butterfly rose
        feather dove cherub decorative cat dog duck owl daisy hen rabbit flag buddha tree frog geisha gecko love
        lavender chicken pears jewel toast_its hand_open chime
        """,
    ),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table, ready to match."""

    shelf: Shelf
    pattern: re.Pattern[str]


def compile_rule(path: str, keywords: str) -> Rule:
    """The table row as a pattern over the title's words, which stand between single spaces."""
    parent, _, title = path.rpartition(" > ")
    phrases = "|".join(re.escape(keyword.replace("_", " ")) for keyword in keywords.split())
    return Rule(
        shelf=Shelf(title=title, parent=parent), pattern=re.compile(rf"(?<![^ ])(?:{phrases})(?:s|es)?(?![^ ])")
    )


RULES = tuple(compile_rule(path, keywords) for path, keywords in TABLE)


def shelf_for(title: str) -> Shelf | None:
    """The shelf of the first rule that knows a word of the title, or None."""
    words = " ".join(words_of(title))
    return next((rule.shelf for rule in RULES if rule.pattern.search(words)), None)


def shelves() -> list[tuple[Shelf, str]]:
    """All shelves of the table with their parents' slugs ("" at the top), each parent before its children."""
    ordered: dict[Shelf, str] = {}
    for rule in RULES:
        parent = Shelf(title=rule.shelf.parent) if rule.shelf.parent else None
        if parent:
            ordered.setdefault(parent, "")
        ordered.setdefault(rule.shelf, parent.slug if parent else "")
    return list(ordered.items())
