from actions.money import *
