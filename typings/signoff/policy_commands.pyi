from app.policy_commands import *
