"""simglucose 0.2.11: adult#001, Dexcom sensor (noise on), Insulet pump, random meals, 3 min a step, basal insulin."""

import warnings
from datetime import datetime

warnings.filterwarnings("ignore")

from simglucose.actuator.pump import InsulinPump
from simglucose.controller.base import Action
from simglucose.patient.t1dpatient import T1DPatient
from simglucose.sensor.cgm import CGMSensor
from simglucose.simulation.env import T1DSimEnv
from simglucose.simulation.scenario_gen import RandomScenario

from _common import measure, report, seconds_wanted

environment = T1DSimEnv(
    T1DPatient.withName("adult#001"), CGMSensor.withName("Dexcom", seed=1), InsulinPump.withName("Insulet"),
    RandomScenario(start_time=datetime(2018, 1, 1), seed=1))
environment.reset()
basal = Action(basal=0.0211227, bolus=0)
made = 0


def hour():
    global made
    for _ in range(20):
        if environment.step(basal).done or made >= 480:
            environment.reset()
            made = 0
        made += 1
    return 20


steps, used = measure(hour, seconds_wanted(10))
report(steps, used, "steps of 3 min", ["simglucose", "scipy", "numpy"])
