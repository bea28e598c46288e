"""The classic mix: for two lists four products and one thing put into the cart."""

from locust import tag, task

from loadtests.personas.carts import Basket


class Classic(Basket):
    """`--tags classic` runs this one alone."""

    weight = 2

    @tag("classic")
    @task(2)
    def see_a_list(self) -> None:
        self.look_at_shelf()

    @tag("classic")
    @task(4)
    def see_a_product(self) -> None:
        self.look_at_product(self.some_product())

    @tag("classic")
    @task(1)
    def put_into_cart(self) -> None:
        self.add(self.some_product(in_stock=True), quantity=1)
