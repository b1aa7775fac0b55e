"""Stacks that are started at the same moment do not choose the same ports."""

import socket

from tools.stack import MLLP_PORT, Stack


def test_two_stacks_of_the_same_moment_take_different_ports(tmp_path):
    stacks = [Stack(tmp_path / str(number), tmp_path, "embedded") for number in range(3)]
    try:
        ports = [port for stack in stacks for port in stack.mllp_ports.values()]
        assert len(set(ports)) == len(ports)
    finally:
        for stack in stacks:
            stack.down()


def test_ports_that_were_let_go_are_taken_again_unless_somebody_listens(tmp_path):
    first = Stack(tmp_path, tmp_path, "embedded")
    taken = first.mllp_ports
    first.down()
    again = Stack(tmp_path, tmp_path, "embedded")
    assert again.mllp_ports == taken
    again.down()
    with socket.create_server(("127.0.0.1", min(taken.values()))):
        other = Stack(tmp_path, tmp_path, "embedded")
        assert other.mllp_ports != taken
        other.down()
    assert min(taken.values()) >= MLLP_PORT
