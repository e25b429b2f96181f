/** Languages whose texts are cut and reduced by what LanceDB knows of them. Others are cut into overlapping pieces of words. */

interface Language {
  /** ISO 639-1, as an index keeps it. */
  code: string;
  /** In English, as LanceDB calls those that it has stems and stop words of. */
  name: string;
  hasStems: boolean;
  /** Whether what is no letter or digit parts its words, which no sign within them is. */
  isPartedByLetters: boolean;
}

const stemmed: Record<string, string> = {
  ...{ ar: "Arabic", da: "Danish", de: "German", el: "Greek", en: "English", es: "Spanish", fi: "Finnish" },
  ...{ fr: "French", hu: "Hungarian", it: "Italian", nl: "Dutch", no: "Norwegian", pt: "Portuguese" },
  ...{ ro: "Romanian", ru: "Russian", sv: "Swedish", ta: "Tamil", tr: "Turkish" },
};

/** Without spaces between words, which ICU has dictionaries of. */
const segmented: Record<string, string> = {
  ...{ zh: "Chinese", ja: "Japanese", th: "Thai", lo: "Lao", km: "Khmer", my: "Burmese" },
};

/** Written with signs that are no letters. */
const hasMarks = new Set(["ar", "ta"]);

const languages: Language[] = [
  ...Object.entries(stemmed).map(([code, name]) => ({
    code,
    name,
    hasStems: true,
    isPartedByLetters: !hasMarks.has(code),
  })),
  ...Object.entries(segmented).map(([code, name]) => ({
    code,
    name,
    hasStems: false,
    isPartedByLetters: false,
  })),
];

/** Other codes of some of them. */
const others: Record<string, string> = { nb: "no", nn: "no" };

/** @param told a code (`de`, `de-AT`, `zh-Hans`) or an English name, in any case @returns undefined for one that is not known */
export function languageOf(told: string): Language | undefined {
  const text = told.trim().toLowerCase();
  const [code = ""] = text.split(/[-_]/);
  return languages.find((one) => one.code === (others[code] ?? code) || one.name.toLowerCase() === text);
}

/** Those that are known, as they may be told. */
export const languageCodes = languages.map(({ code }) => code).sort();

/** Those of which stems and stop words are known. */
export const stemmedCodes = Object.keys(stemmed).sort();

/** What LanceDB calls a language that it has stems and stop words of. @param language as an index keeps it */
export function stemsOf(language: string | null): string | undefined {
  return language === null ? undefined : stemmed[language];
}
