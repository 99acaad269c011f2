from app.proof_commands import *
