"""The FR3's dynamics against libfranka's own model."""
import numpy as np
import pinocchio
import pytest

from vla_core.description import robot_description
from vla_core.profile import RobotProfile

# libfranka's Model::mass and Model::gravity for the FR3 without a hand, by pylibfranka 0.21.3 with
# the model that franka-sim 1.1.7 serves, gravity 9.81 m/s² down. Upper triangles, row by row.
LIBFRANKA = [
    {'q': [0.0, -0.785398163397, 0.0, -2.356194490192, 0.0, 1.570796326795, 0.785398163397],
     'mass': [
         4.985080514e-01, -1.151674457e-02, 4.332592738e-01, -1.033531492e-02, 2.702550015e-02,
         -2.260568565e-03, 4.390462336e-04, 1.525422051e+00, -1.280263799e-02, -6.425917303e-01,
         -2.418022265e-03, -4.246016185e-02, -2.312451972e-03, 9.233422487e-01, -1.874550856e-02,
         1.528377199e-02, -3.045184614e-03, 8.208984442e-04, 8.340160949e-01, 1.574627533e-02,
         8.733749057e-02, 6.694035543e-04, 2.751662108e-02, 2.045972816e-03, -5.896779206e-05,
         3.049374556e-02, 1.883527088e-04, 1.194258133e-04],
     'gravity': [
         0.0, -1.709040364e+00, -6.394606275e-01, 1.895821937e+01, 7.919000139e-01,
         1.587942979e+00, 0.0]},
    {'q': [-1.206811162663, -0.138605227449, -2.194555375487, -1.531605081027, -0.50983772155,
           0.829080937316, -2.418952804798],
     'mass': [
         1.284025659e+00, 6.962997394e-01, 1.149269042e+00, -1.214441461e-01, 9.258192702e-02,
         3.094103339e-02, -1.507066609e-03, 1.735205713e+00, 7.682495406e-01, 6.184339486e-01,
         1.366968544e-02, 1.161903453e-02, -2.809787393e-03, 1.083371612e+00, -7.049136249e-03,
         8.896112102e-02, 2.984642242e-02, -1.777080407e-03, 7.542956014e-01, -1.876664905e-02,
         4.190751761e-02, -1.495475844e-03, 4.488270157e-02, 9.967343853e-04, -1.322264264e-04,
         3.106546720e-02, -1.916801974e-04, 1.194258133e-04],
     'gravity': [
         0.0, 1.904941792e+01, 2.802077004e+00, 1.814410897e+01, 2.467495801e-01,
         6.418745439e-01, -3.252094600e-02]},
]


@pytest.mark.parametrize('reference', LIBFRANKA, ids=['home', 'random'])
def test_fr3_has_libfrankas_mass_matrix_and_gravity(reference):
    text = robot_description(RobotProfile.load('franka'), hand='false', cameras='false')
    model = pinocchio.buildModelFromXML(text)
    model.gravity.linear = np.array([0.0, 0.0, -9.81])
    data = model.createData()
    q = np.array(reference['q'])
    mass = np.zeros((7, 7))
    mass[np.triu_indices(7)] = reference['mass']
    computed = np.triu(pinocchio.crba(model, data, q))
    assert np.allclose(computed, mass, rtol=1e-4, atol=1e-6)
    gravity = pinocchio.computeGeneralizedGravity(model, data, q)
    assert np.allclose(gravity, reference['gravity'], rtol=1e-4, atol=1e-6)


def test_the_hand_weighs_what_the_maker_says():
    profile = RobotProfile.load('franka')
    masses = [
        sum(inertia.mass for inertia in pinocchio.buildModelFromXML(
            robot_description(profile, hand=hand)).inertias) for hand in ('true', 'false')]
    assert masses[0] - masses[1] == pytest.approx(0.6544 + 2 * 0.0291)
