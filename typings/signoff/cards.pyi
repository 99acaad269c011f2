from app.cards import *
