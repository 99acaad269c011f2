from app.chat_terminal import *
