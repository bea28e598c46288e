// Fields that mean nothing to the chosen kind are dimmed, not hidden: what stands in them is still told.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const kind = document.querySelector("#id_kind");
  const kindsOf = {
    value: ["percentage", "fixed_amount", "fixed_price", "buy_x_get_y"],
    is_per_unit: ["fixed_amount"],
    buy_quantity: ["fixed_price", "buy_x_get_y", "gift"],
    get_quantity: ["buy_x_get_y", "gift"],
    gift_variant: ["gift"],
    thresholds: ["spend_threshold"],
    get_products: ["buy_x_get_y"],
    get_collections: ["buy_x_get_y"],
    get_categories: ["buy_x_get_y"],
    get_attributes: ["buy_x_get_y"],
  };
  if (!kind) return;
  const show = () => {
    for (const [name, kinds] of Object.entries(kindsOf)) {
      const row = document.querySelector(`.form-row.field-${name}`);
      if (row) row.classList.toggle("not-of-this-kind", !kinds.includes(kind.value));
    }
    const others = document.querySelector(".form-row.field-get_products")?.closest("details");
    if (others && kind.value === "buy_x_get_y") others.open = true;
  };
  kind.addEventListener("change", show);
  show();
});
