from actions.text import *
