/** What a parameter may be: each kind says in words what is right, and makes a value of the text, or undefined. */

const wholeNumber = (least, most) => ({
  right: `a whole number from ${least} to ${most}`,
  parse: (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return number >= least && number <= most ? number : undefined;
  },
});

const oneOf = (...values) => ({
  right: values.join(" or "),
  parse: (text) => values.find((value) => `${value}` === text),
});

const like = (pattern, example) => ({
  right: `such as ${example}`,
  parse: (text) => (pattern.test(text) ? text : undefined),
});

/** Values with commas between them. */
const listOf = ({ right, parse }, most) => ({
  right: `up to ${most}, with commas between them, each ${right}`,
  parse: (text) => {
    const values = text.split(",").map((one) => parse(one.trim()));
    return values.length <= most && values.every((one) => one !== undefined) ? values : undefined;
  },
});

module.exports = { wholeNumber, oneOf, like, listOf };
