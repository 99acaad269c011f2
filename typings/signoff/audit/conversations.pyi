from audit.conversations import *
