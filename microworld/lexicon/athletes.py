"""Athletes by sport, and the sports' names in English, Spanish and French."""

from __future__ import annotations

SPORTS: dict[str, dict[str, str]] = {
    "basketball": {"en": "basketball", "es": "baloncesto", "fr": "basket"},
    "soccer": {"en": "soccer", "es": "fútbol", "fr": "football"},
    "tennis": {"en": "tennis", "es": "tenis", "fr": "tennis"},
    "golf": {"en": "golf", "es": "golf", "fr": "golf"},
    "baseball": {"en": "baseball", "es": "béisbol", "fr": "baseball"},
    "hockey": {"en": "hockey", "es": "hockey", "fr": "hockey"},
    "rugby": {"en": "rugby", "es": "rugby", "fr": "rugby"},
    "cricket": {"en": "cricket", "es": "críquet", "fr": "cricket"},
}

ATHLETES: dict[str, tuple[str, ...]] = {
    "basketball": (
        "Michael Jordan", "LeBron James", "Kobe Bryant", "Stephen Curry",
        "Magic Johnson", "Larry Bird", "Tim Duncan", "Pau Gasol",
    ),
    "soccer": (
        "Lionel Messi", "Cristiano Ronaldo", "Diego Maradona", "Zinedine Zidane",
        "Kylian Mbappé", "David Beckham", "Megan Rapinoe", "Andrés Iniesta",
    ),
    "tennis": (
        "Serena Williams", "Roger Federer", "Rafael Nadal", "Novak Djokovic",
        "Steffi Graf", "Andre Agassi", "Venus Williams", "Naomi Osaka",
    ),
    "golf": (
        "Tiger Woods", "Jack Nicklaus", "Arnold Palmer", "Phil Mickelson",
        "Rory McIlroy", "Annika Sörenstam", "Seve Ballesteros", "Jon Rahm",
    ),
    "baseball": (
        "Babe Ruth", "Derek Jeter", "Hank Aaron", "Willie Mays",
        "Jackie Robinson", "Shohei Ohtani", "Mickey Mantle", "Ted Williams",
    ),
    "hockey": (
        "Wayne Gretzky", "Mario Lemieux", "Sidney Crosby", "Bobby Orr",
        "Gordie Howe", "Alex Ovechkin", "Jaromir Jagr", "Mark Messier",
    ),
    "rugby": (
        "Jonah Lomu", "Jonny Wilkinson", "Dan Carter", "Richie McCaw",
        "Antoine Dupont", "Siya Kolisi", "Sébastien Chabal", "Martin Johnson",
    ),
    "cricket": (
        "Sachin Tendulkar", "Don Bradman", "Brian Lara", "Shane Warne",
        "Virat Kohli", "Imran Khan", "Ian Botham", "Wasim Akram",
    ),
}  # fmt: skip

SPORT_OF: dict[str, str] = {
    athlete: sport for sport, athletes in ATHLETES.items() for athlete in athletes
}
