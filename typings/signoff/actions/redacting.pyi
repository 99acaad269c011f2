from actions.redacting import *
