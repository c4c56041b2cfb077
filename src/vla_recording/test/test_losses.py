from vla_recording.losses import SequenceWatch


def test_missing_numbers_of_one_publisher_are_counted():
    watch = SequenceWatch()
    assert [watch.missed(number, 1) for number in (7, 8, 11, 12)] == [0, 0, 2, 0]


def test_a_publisher_that_begins_anew_loses_nothing():
    watch = SequenceWatch()
    assert [watch.missed(number, 1) for number in (500, 501, 1, 2)] == [0, 0, 0, 0]


def test_publishers_that_share_a_topic_are_told_apart():
    watch = SequenceWatch()
    numbers = (5, 9000, 6, 9001, 8, 9002, 9005)
    assert [watch.missed(number, 2) for number in numbers] == [0, 0, 0, 0, 1, 0, 2]


def test_a_middleware_that_does_not_count_tells_nothing():
    assert SequenceWatch().missed(None, 1) == 0
