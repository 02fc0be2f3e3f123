export const texts = [
  "a fish of cold rivers",
  "trout",
  "money paid to the state",
  "a tax on income",
  "a building in which people pray",
  "church",
];
