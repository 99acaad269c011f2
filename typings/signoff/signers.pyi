from app.signers import *
