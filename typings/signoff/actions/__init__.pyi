from actions import *
