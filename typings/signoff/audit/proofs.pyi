from audit.proofs import *
