from actions.model import *
