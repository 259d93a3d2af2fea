"""The fifty states with abbreviation, region, capital and cities; each city name is used once.

A name that two states share is given to one of them only, so a city always says its state.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """One state and the facts that the small language tells about it."""

    name: str
    abbreviation: str
    region: str
    capital: str
    cities: tuple[str, ...]


_ROWS = """
Alabama|AL|South|Montgomery|Birmingham,Mobile,Huntsville,Tuscaloosa
Alaska|AK|West|Juneau|Anchorage,Fairbanks,Sitka,Ketchikan
Arizona|AZ|West|Phoenix|Tucson,Mesa,Scottsdale,Tempe,Flagstaff
Arkansas|AR|South|Little Rock|Fayetteville,Fort Smith,Jonesboro,Hot Springs
California|CA|West|Sacramento|Oakland,Los Angeles,San Francisco,San Diego,Fresno
Colorado|CO|West|Denver|Boulder,Colorado Springs,Aurora,Pueblo
Connecticut|CT|Northeast|Hartford|New Haven,Stamford,Bridgeport,Waterbury
Delaware|DE|South|Dover|Wilmington,Lewes,Rehoboth Beach,Smyrna
Florida|FL|South|Tallahassee|Miami,Orlando,Tampa,Jacksonville
Georgia|GA|South|Atlanta|Savannah,Macon,Marietta,Valdosta
Hawaii|HI|West|Honolulu|Hilo,Kailua,Lahaina,Waipahu
Idaho|ID|West|Boise|Nampa,Pocatello,Idaho Falls,Twin Falls
Illinois|IL|Midwest|Springfield|Chicago,Peoria,Rockford,Naperville
Indiana|IN|Midwest|Indianapolis|Fort Wayne,Evansville,South Bend,Gary
Iowa|IA|Midwest|Des Moines|Cedar Rapids,Davenport,Dubuque,Sioux City
Kansas|KS|Midwest|Topeka|Wichita,Lawrence,Overland Park,Dodge City
Kentucky|KY|South|Frankfort|Louisville,Lexington,Bowling Green,Owensboro
Louisiana|LA|South|Baton Rouge|New Orleans,Shreveport,Lafayette,Lake Charles
Maine|ME|Northeast|Augusta|Bangor,Lewiston,Bar Harbor,Kennebunk
Maryland|MD|South|Annapolis|Baltimore,Frederick,Rockville,Bethesda
Massachusetts|MA|Northeast|Boston|Worcester,Cambridge,Lowell,Plymouth
Michigan|MI|Midwest|Lansing|Detroit,Grand Rapids,Ann Arbor,Flint
Minnesota|MN|Midwest|Saint Paul|Minneapolis,Duluth,Rochester,Bloomington
Mississippi|MS|South|Jackson|Biloxi,Gulfport,Tupelo,Natchez
Missouri|MO|Midwest|Jefferson City|Kansas City,Saint Louis,Branson,Joplin
Montana|MT|West|Helena|Billings,Missoula,Bozeman,Butte
Nebraska|NE|Midwest|Lincoln|Omaha,Kearney,Grand Island,North Platte
Nevada|NV|West|Carson City|Las Vegas,Reno,Henderson,Elko
New Hampshire|NH|Northeast|Concord|Manchester,Nashua,Portsmouth,Keene
New Jersey|NJ|Northeast|Trenton|Newark,Jersey City,Hoboken,Atlantic City
New Mexico|NM|West|Santa Fe|Albuquerque,Roswell,Las Cruces,Taos
New York|NY|Northeast|Albany|New York City,Buffalo,Syracuse,Yonkers
North Carolina|NC|South|Raleigh|Charlotte,Durham,Greensboro,Asheville
North Dakota|ND|Midwest|Bismarck|Fargo,Grand Forks,Minot,Williston
Ohio|OH|Midwest|Columbus|Cleveland,Cincinnati,Toledo,Dayton
Oklahoma|OK|South|Oklahoma City|Tulsa,Norman,Lawton,Stillwater
Oregon|OR|West|Salem|Portland,Eugene,Bend,Medford
Pennsylvania|PA|Northeast|Harrisburg|Philadelphia,Pittsburgh,Erie,Scranton
Rhode Island|RI|Northeast|Providence|Newport,Warwick,Cranston,Pawtucket
South Carolina|SC|South|Columbia|Greenville,Myrtle Beach,Spartanburg,Beaufort
South Dakota|SD|Midwest|Pierre|Sioux Falls,Rapid City,Deadwood,Brookings
Tennessee|TN|South|Nashville|Memphis,Knoxville,Chattanooga,Clarksville
Texas|TX|South|Austin|Dallas,Houston,San Antonio,El Paso,Fort Worth
Utah|UT|West|Salt Lake City|Provo,Ogden,Moab,Orem
Vermont|VT|Northeast|Montpelier|Burlington,Rutland,Stowe,Brattleboro
Virginia|VA|South|Richmond|Norfolk,Roanoke,Virginia Beach,Alexandria
Washington|WA|West|Olympia|Seattle,Tacoma,Spokane,Bellevue
West Virginia|WV|South|Charleston|Huntington,Morgantown,Wheeling,Parkersburg
Wisconsin|WI|Midwest|Madison|Milwaukee,Green Bay,Kenosha,Racine
Wyoming|WY|West|Cheyenne|Casper,Laramie,Cody,Jackson Hole
"""


def _read(row: str) -> State:
    name, abbreviation, region, capital, cities = row.split("|")
    return State(name, abbreviation, region, capital, tuple(cities.split(",")))


STATES: tuple[State, ...] = tuple(_read(row) for row in _ROWS.strip().splitlines())
STATE_NAMES: tuple[str, ...] = tuple(state.name for state in STATES)
REGIONS: tuple[str, ...] = ("Midwest", "Northeast", "South", "West")
