"""A simulated Twilio with a caller on the line, for any media-stream agent.

Signs and posts the voice webhook, follows the TwiML, opens the signed media stream, plays the
agent's audio out in real time, and measures at the caller's ear.
"""

from agent.simulators.twilio.account import Account as Account
from agent.simulators.twilio.caller import Caller as Caller
from agent.simulators.twilio.caller import CallOver as CallOver
from agent.simulators.twilio.caller import Unmet as Unmet
from agent.simulators.twilio.clip import Clip as Clip
from agent.simulators.twilio.clip import Unreadable as Unreadable
from agent.simulators.twilio.conditions import Conditions as Conditions
from agent.simulators.twilio.conditions import Dialled as Dialled
from agent.simulators.twilio.conditions import OnDrop as OnDrop
from agent.simulators.twilio.conference import Meeting as Meeting
from agent.simulators.twilio.exchange import Twilio as Twilio
from agent.simulators.twilio.measures import CallReport as CallReport
from agent.simulators.twilio.measures import Turn as Turn
from agent.simulators.twilio.mouth import Echo as Echo
from agent.simulators.twilio.mouth import Network as Network
from agent.simulators.twilio.mouth import Noise as Noise
from agent.simulators.twilio.notices import Code as Code
from agent.simulators.twilio.outgoing import Colleague as Colleague
from agent.simulators.twilio.outgoing import OutgoingReport as OutgoingReport
from agent.simulators.twilio.script import BreakStream as BreakStream
from agent.simulators.twilio.script import HangUp as HangUp
from agent.simulators.twilio.script import Hear as Hear
from agent.simulators.twilio.script import Interrupt as Interrupt
from agent.simulators.twilio.script import Listen as Listen
from agent.simulators.twilio.script import Meet as Meet
from agent.simulators.twilio.script import OpenAgain as OpenAgain
from agent.simulators.twilio.script import Press as Press
from agent.simulators.twilio.script import Quiet as Quiet
from agent.simulators.twilio.script import Say as Say
from agent.simulators.twilio.script import Script as Script
from agent.simulators.twilio.script import Send as Send
from agent.simulators.twilio.script import Silence as Silence
from agent.simulators.twilio.script import Stay as Stay
from agent.simulators.twilio.script import Step as Step
