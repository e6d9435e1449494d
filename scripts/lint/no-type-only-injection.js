import ts from 'typescript';

/**
 * Nest reads `design:paramtypes` to know what to inject and what to validate. A class that came in by `import type` compiles, but
 * leaves `Function` or `Object` there: the injection fails at boot, and a request class is never validated at all.
 */
export const noTypeOnlyInjection = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { typeOnly: '{{name}} is a class that Nest needs at run time here: import it without `type`.' },
  },
  create(context) {
    const { parserServices } = context.sourceCode;

    function check(param) {
      const type = annotationOf(param);
      if (type?.type !== 'TSTypeReference' || type.typeName.type !== 'Identifier') return;
      if (!isTypeOnlyImport(context.sourceCode.getScope(type), type.typeName.name)) return;
      // Interfaces and type aliases have to be imported as types (TS1272), so only classes count.
      const symbol = parserServices.getTypeAtLocation(type).getSymbol();
      if (symbol && symbol.flags & ts.SymbolFlags.Class) {
        context.report({ node: type, messageId: 'typeOnly', data: { name: type.typeName.name } });
      }
    }

    return {
      MethodDefinition(method) {
        const isConstructor = method.kind === 'constructor';
        const decorated = isConstructor ? method.parent.parent : method;
        if (!decorated.decorators?.length) return;
        for (const param of method.value.params) {
          // `@Inject(TOKEN)` names what is injected, so the type of that parameter is free.
          if (!isConstructor || !param.decorators?.length) check(param);
        }
      },
    };
  },
};

function annotationOf(param) {
  const declared = param.type === 'TSParameterProperty' ? param.parameter : param;
  const binding = declared.type === 'AssignmentPattern' ? declared.left : declared;
  return binding.typeAnnotation?.typeAnnotation;
}

function isTypeOnlyImport(scope, name) {
  for (let at = scope; at; at = at.upper) {
    const definition = at.set.get(name)?.defs[0];
    if (definition) {
      const { type, parent, node } = definition;
      return type === 'ImportBinding' && (parent.importKind === 'type' || node.importKind === 'type');
    }
  }
  return false;
}
