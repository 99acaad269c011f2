from actions.decorator import *
