from app.terminal import *
