from ros2cli.api.participants import count_participants, participants_known

ROW = '  42: 0100007F:{port:04X} 00000000:0000 07 00000000:00000000 00:00000000 0 0 0 2 0 0'


def test_metatraffic_ports_of_the_domain_are_counted_once():
    ports = [
        7410 + 250 * 5, 7410 + 250 * 5, 7412 + 250 * 5,  # two participants, one of them twice
        7411 + 250 * 5,                                  # user traffic
        7400 + 250 * 5,                                  # multicast
        7410 + 250 * 6, 53]                              # another domain, another protocol
    assert count_participants([ROW.format(port=port) for port in ports], 5) == 2


def test_endpoints_of_one_participant_share_the_prefix_of_their_gids():
    assert participants_known([[1] * 16, [1] * 12 + [2] * 4, [3] * 16]) == 2
