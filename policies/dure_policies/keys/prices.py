"""The keys of prices.yaml."""

from __future__ import annotations

from typing import Final

from dure_policies.keys.amounts import WON
from dure_policies.kinds import ID, MOMENT, NAME, Fields, Key, Named, choice

PRICES: Final = Fields(
    "prices.yaml",
    {
        "prices": Key(
            Named(
                ID,
                Fields(
                    "a price version",
                    {
                        "start": Key(
                            MOMENT, "in force from here until the next version's start", required=True
                        ),
                        "rates": Key(
                            Fields(
                                "rates",
                                {
                                    "cpu": Key(WON, "won per core-hour"),
                                    "memory": Key(WON, "won per GiB-hour"),
                                    "gpus": Key(Named(ID, WON), "won per device-hour by flavor"),
                                },
                            ),
                            "the rate card in won per hour; what is not named costs nothing by it",
                        ),
                        "pools": Key(
                            Named(
                                NAME,
                                Fields(
                                    "a cost pool",
                                    {
                                        "name_ko": Key(NAME, "its Korean name"),
                                        "monthly": Key(WON, "won a month", required=True),
                                        "measure": Key(
                                            choice("cpu", "memory", "gpu"),
                                            "the use by which tenants share it (`gpu`: weighed by value)",
                                            required=True,
                                        ),
                                    },
                                ),
                            ),
                            "costs of the room, shared among tenants, by name",
                        ),
                    },
                ),
            ),
            "price versions by id",
            required=True,
        )
    },
)
