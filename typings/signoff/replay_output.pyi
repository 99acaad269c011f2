from app.replay_output import *
