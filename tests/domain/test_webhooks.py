"""Where deliveries may go, how long is waited, and what is told."""

from datetime import timedelta

import pytest

from domain.webhooks import GIVE_UP_AFTER, fault_of_url, hold_after, is_own_network, pause_after, public_data


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example/",
        "https://",
        "http://127.0.0.1/hook",
        "http://[::1]/",
        "http://10.1.2.3/",
        "http://169.254.169.254/latest",
        "http://[::ffff:192.168.0.1]/",
        "http://[fe80::1%25eth0]/",
        "http://0.0.0.0/",
        "http://localhost:8080/",
        "http://printer.local/",
        "https://ann:secret@shop.example/",
        "https://shop.example:99999/",
        "https://shop.example/\n",
        "https://shop.example/茶",
    ],
)
def test_addresses_that_lead_inside_or_nowhere_are_refused(url: str) -> None:
    """An endpoint cannot be used to look into the shop's own network, and holds no password."""
    assert fault_of_url(url, allow_private=False) is not None


@pytest.mark.parametrize(
    "url", ["https://shop.example/hooks?till=3", "http://93.184.216.34:8080/", "https://[2606:4700::1]/"]
)
def test_addresses_of_the_world_are_taken(url: str) -> None:
    """A public address needs no leave."""
    assert fault_of_url(url, allow_private=False) is None


def test_a_private_address_is_taken_when_it_is_meant() -> None:
    """A shop's own till may listen; a password in the address is refused all the same."""
    assert fault_of_url("http://192.168.1.20/hooks", allow_private=True) is None
    assert fault_of_url("http://ann:secret@192.168.1.20/hooks", allow_private=True) is not None


def test_a_name_is_no_address() -> None:
    """What a name leads to is asked when it is sent to."""
    assert not is_own_network("shop.example")


def test_pauses_grow_to_six_hours_and_an_endpoint_is_asked_every_five_minutes() -> None:
    """Tries within three days: some minutes apart at first, then hours; the endpoint itself is never left for long."""
    pauses = [pause_after(tries, share=0) for tries in range(1, 30)]
    assert pauses[0] == timedelta(seconds=10)
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=6)
    assert sum(pauses[:20], timedelta()) > GIVE_UP_AFTER
    assert hold_after(20, share=0) == timedelta(minutes=5)
    assert pause_after(1, share=1) == timedelta(seconds=8)


def test_what_is_told_names_ids_as_the_api_does() -> None:
    """Nobody outside learns the key of a customer's row."""
    told = public_data({"entry_id": 7, "purchase_id": None, "customer_id": 3, "points": 5, "customer": "7K3M"})
    assert told == {"entry": "ent_7", "purchase": None, "points": 5, "customer": "7K3M"}
