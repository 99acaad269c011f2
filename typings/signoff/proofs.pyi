from app.proofs import *
