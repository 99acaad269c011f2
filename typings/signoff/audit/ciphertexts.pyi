from audit.ciphertexts import *
