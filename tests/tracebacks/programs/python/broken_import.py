import menu

import broken

menu.show(broken)
