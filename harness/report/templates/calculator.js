// The calculator: what a load of the reader's own costs per second, by the cost model.
//
// Computes what harness/analysis/load.py does, from the figures in #calculator-data, and writes
// them as harness/report/calculator.py does. A variant's parts are its groups: [share, part of the
// asynchronous time in ns, of the synchronous, variance of the log, covariance with the baseline's
// log, degrees of freedom, those in common with the baseline].

const form = document.querySelector("#calculator form");
const ABSENT = "-";

function grouped(value, places) {
  const [whole, fraction] = value.toFixed(places).split(".");
  const commas = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? commas : `${commas}.${fraction}`;
}

function magnitude(value) {
  return Math.floor(Math.log10(Math.abs(value)));
}

function significant(value, digits = 3) {
  if (value === 0) {
    return "0";
  }
  let places = Math.max(0, digits - 1 - magnitude(value));
  if (Math.abs(Number(value.toFixed(places))) >= 10 ** (digits - places)) {
    places = Math.max(0, places - 1);
  }
  return grouped(value, places);
}

function withHalf(interval, scale) {
  if (interval === null) {
    return ABSENT;
  }
  const value = interval.value * scale;
  if (interval.low === null) {
    return significant(value);
  }
  const half = ((interval.high - interval.low) / 2) * scale;
  if (half > 10 * value) {
    return `${significant(value)} ± >${significant(10 * value)}`;
  }
  const shown = Math.max(half, 0.001);
  const places = Math.min(3, Math.max(0, 1 - magnitude(shown)));
  return `${grouped(value, places)} ± ${grouped(shown, places)}`;
}

function size(bytes) {
  if (bytes === null) {
    return ABSENT;
  }
  for (const [unit, symbol] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
    if (bytes >= unit) {
      return `${significant(bytes / unit)} ${symbol}`;
    }
  }
  return `${significant(bytes)} B`;
}

// Student's t of a 95 % interval at whole degrees of freedom: a table, then the series of
// Abramowitz and Stegun, 26.7.5.
function wholeQuantile(table, degrees) {
  if (degrees <= table.length) {
    return table[degrees - 1];
  }
  const z = 1.959963984540054;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
  ];
  return terms.reduce((total, term, index) => total + term / degrees ** (index + 1), z);
}

function quantile(table, degrees) {
  const below = Math.max(1, Math.floor(degrees + 1e-9));
  const part = (1 / below - 1 / Math.max(degrees, below)) * below * (below + 1);
  const low = wholeQuantile(table, below);
  return low + part * (wholeQuantile(table, below + 1) - low);
}

// Half of the interval of a sum of independent figures: [variance, degrees of freedom] of each.
function margin(table, variances) {
  if (variances.some(([variance]) => variance === null)) {
    return null;
  }
  const known = variances.filter(([variance]) => variance > 0);
  if (known.length === 0) {
    return 0;
  }
  const total = known.reduce((sum, [variance]) => sum + variance, 0);
  const squares = known.reduce((sum, [variance, degrees]) => sum + (variance / total) ** 2 / degrees, 0);
  return quantile(table, 1 / squares) * Math.sqrt(total);
}

function at([asynchronous, synchronous], share) {
  return share * synchronous + (1 - share) * asynchronous;
}

function timeOf(parts, share) {
  return parts.reduce((sum, [, ...ends]) => sum + at(ends, share), 0);
}

function times(table, parts, share) {
  const value = timeOf(parts, share);
  const half = margin(
    table,
    parts.map(([, asynchronous, synchronous, variance, , degrees]) => [
      variance === null ? null : at([asynchronous, synchronous], share) ** 2 * variance,
      degrees,
    ]),
  );
  return half === null ? { value, low: null, high: null } : { value, low: Math.max(0, value - half), high: value + half };
}

function ratio(table, parts, base, share) {
  const one = timeOf(parts, share);
  const other = timeOf(base, share);
  if (one <= 0 || other <= 0) {
    return null;
  }
  const left = new Map(base.map((part) => [part[0], part]));
  const variances = parts.map(([place, ...rest]) => {
    const [asynchronous, synchronous, variance, common, degrees, commonDegrees] = rest;
    const own = at([asynchronous, synchronous], share) / one;
    const reference = left.get(place);
    left.delete(place);
    if (reference === undefined) {
      return [variance === null ? null : own ** 2 * variance, degrees];
    }
    if (variance === null || common === null || reference[3] === null) {
      return [null, 0];
    }
    const against = -at([reference[1], reference[2]], share) / other;
    const sum = own ** 2 * variance + 2 * own * against * common + against ** 2 * reference[3];
    return [Math.max(0, sum), commonDegrees];
  });
  for (const [, asynchronous, synchronous, variance, , degrees] of left.values()) {
    const against = at([asynchronous, synchronous], share) / other;
    variances.push([variance === null ? null : against ** 2 * variance, degrees]);
  }
  const half = margin(table, variances);
  const value = one / other;
  return half === null
    ? { value, low: null, high: null }
    : { value, low: value * Math.exp(-half), high: value * Math.exp(half) };
}

// What the table is sorted by.
function keys(load) {
  return [load.time?.value ?? Infinity, load.allocations ?? Infinity, load.bytes ?? Infinity];
}

function loads(data, model, share, rate) {
  const scale = rate * 1e-9;
  const base = model.variants.find((variant) => variant.name === model.baseline)?.parts;
  const found = model.variants.map((variant) => {
    const time = variant.parts && times(data.t, variant.parts, share);
    return {
      ...variant,
      isBaseline: variant.name === model.baseline,
      time: time && {
        value: time.value * scale,
        low: time.low === null ? null : time.low * scale,
        high: time.high === null ? null : time.high * scale,
      },
      ratio: variant.parts && base ? ratio(data.t, variant.parts, base, share) : null,
      allocations: variant.allocations && at(variant.allocations, share) * rate,
      bytes: variant.bytes && at(variant.bytes, share) * rate,
    };
  });
  return found.sort((one, other) => {
    const [first, second] = [keys(one), keys(other)];
    const place = first.findIndex((key, index) => key !== second[index]);
    return place < 0 ? 0 : first[place] < second[place] ? -1 : 1;
  });
}

function cell(text, className = "") {
  const made = document.createElement("td");
  made.textContent = text;
  made.className = className;
  return made;
}

// The row of a variant, from the template that the page has for it.
function row(load, longest) {
  const made = document.querySelector("#calculator template").content.firstElementChild.cloneNode(true);
  made.classList.toggle("baseline", load.isBaseline);
  made.querySelector(".chip").style.background = load.colour;
  made.querySelector("code").textContent = load.name;
  made.querySelector(".small").hidden = !load.isBaseline;
  const bar = made.querySelector(".load");
  bar.style.width = `${longest > 0 && load.time ? (100 * load.time.value) / longest : 0}%`;
  bar.style.background = load.colour;
  made.querySelector(".time").textContent = withHalf(load.time, 1e3);
  made.append(
    cell(load.time ? `${significant(load.time.value * 100, 2)} %` : ABSENT),
    cell(load.ratio && load.isBaseline ? "1" : withHalf(load.ratio, 1)),
    cell(load.allocations === null ? ABSENT : significant(load.allocations)),
    cell(size(load.bytes)),
  );
  return made;
}

function summary(found) {
  const [best] = found;
  if (!best?.time) {
    return "";
  }
  const base = found.find((load) => load.isBaseline);
  const least = `${best.name} takes the least: ${withHalf(best.time, 1e3)} ms of a core per second`;
  return base === undefined || base === best
    ? `${least}.`
    : `${least}; ${base.name}, the baseline, ${withHalf(base.time, 1e3)} ms.`;
}

function paragraph(text) {
  const made = document.createElement("p");
  made.textContent = text;
  return made;
}

function start() {
  const data = JSON.parse(document.getElementById("calculator-data").textContent);
  const { scenario, share, slider, rate } = form.elements;
  const section = document.getElementById("calculator");

  function show() {
    const answer = section.querySelector("output");
    if (!share.validity.valid || share.value === "") {
      answer.textContent = "Enter a share from 0 to 100 %.";
      return;
    }
    if (!rate.validity.valid || rate.value === "") {
      answer.textContent = "Enter how many calls there are per second, 0 or more.";
      return;
    }
    const part = Number(share.value) / 100;
    const model = data.models[Number(scenario.value)];
    const found = loads(data, model, part, Number(rate.value));
    const longest = Math.max(0, ...found.map((load) => load.time?.value ?? 0));
    section.querySelector("tbody").replaceChildren(...found.map((load) => row(load, longest)));
    const outside = part < model.low || part > model.high ? [model.outside] : [];
    section
      .querySelector(".notes")
      .replaceChildren(...[...outside, ...model.warnings].map(paragraph));
    answer.textContent = summary(found);
  }

  slider.addEventListener("input", () => {
    share.value = slider.value;
  });
  share.addEventListener("input", () => {
    slider.value = share.value;
  });
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
}

if (form !== null) {
  start();
}
