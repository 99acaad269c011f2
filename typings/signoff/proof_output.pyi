from app.proof_output import *
