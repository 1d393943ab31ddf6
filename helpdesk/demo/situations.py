"""Every situation of the demo."""

from helpdesk.demo import (
    access,
    accounting,
    household,
    ledger,
    mail,
    network,
    printing,
    rooms,
    shop,
    telephony,
    terminals,
    warehouse,
    workplace,
)

ALL = (
    *access.SITUATIONS,
    *accounting.SITUATIONS,
    *household.SITUATIONS,
    *ledger.SITUATIONS,
    *mail.SITUATIONS,
    *network.SITUATIONS,
    *printing.SITUATIONS,
    *rooms.SITUATIONS,
    *shop.SITUATIONS,
    *telephony.SITUATIONS,
    *terminals.SITUATIONS,
    *warehouse.SITUATIONS,
    *workplace.SITUATIONS,
)
