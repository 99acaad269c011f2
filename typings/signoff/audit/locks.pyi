from audit.locks import *
