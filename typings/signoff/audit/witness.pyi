from audit.witness import *
